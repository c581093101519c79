%% A gen_statem of two states that an event moves back and forth, and that answers a call with how often it was moved.
%%
%% Prints samples: a word for what was measured, and the nanoseconds of one operation. An event is a cast from another
%% process; a sample ends when all of them are handled.
-module(door).
-behaviour(gen_statem).
-export([main/0, init/1, callback_mode/0, closed/3, open/3]).

-define(EVENTS, 20000).
-define(CALLS, 5000).
-define(WARM, 5).
-define(SAMPLES, 20).

callback_mode() -> state_functions.

init([]) -> {ok, closed, 0}.

closed(cast, push, Moved) -> {next_state, open, Moved + 1};
closed({call, From}, ask, Moved) -> {keep_state_and_data, [{reply, From, Moved}]}.

open(cast, push, Moved) -> {next_state, closed, Moved + 1};
open({call, From}, ask, Moved) -> {keep_state_and_data, [{reply, From, Moved}]}.

main() ->
    io:format("otp ~s~n", [erlang:system_info(otp_release)]),
    {ok, Door} = gen_statem:start_link(?MODULE, [], []),
    [samples(Door, Number) || Number <- lists:seq(1, ?WARM + ?SAMPLES)],
    Moved = gen_statem:call(Door, ask),
    Moved = ?EVENTS * (?WARM + ?SAMPLES),
    halt(0).

samples(Door, Number) ->
    Events = took(fun() -> push(Door, ?EVENTS), gen_statem:call(Door, ask) end) / ?EVENTS,
    Calls = took(fun() -> ask(Door, ?CALLS) end) / ?CALLS,
    [io:format("event ~.1f~ncall ~.1f~n", [Events, Calls]) || Number > ?WARM].

push(_, 0) -> ok;
push(Door, Count) -> gen_statem:cast(Door, push), push(Door, Count - 1).

ask(_, 0) -> ok;
ask(Door, Count) -> gen_statem:call(Door, ask), ask(Door, Count - 1).

took(Work) ->
    Start = erlang:monotonic_time(nanosecond),
    Work(),
    float(erlang:monotonic_time(nanosecond) - Start).
