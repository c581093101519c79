%% Runs scripts on the gen_statem of Erlang and writes what is seen, as tests/machine/oracle.rs does on statehall.
%%
%% A script is {Number, Enter, Rules, Batches}. A rule is {{State, Type, Content}, Answers}; its answers are used up
%% one after another, and an event without one keeps the state. A batch is a list of casts that wait together.
-module(oracle).
-behaviour(gen_statem).
-export([run/2, init/1, callback_mode/0, handle_event/4, terminate/3]).

run(Scripts, Out) ->
    logger:set_primary_config(level, none),
    {ok, Terms} = file:consult(Scripts),
    {ok, File} = file:open(Out, [write]),
    [write(File, Script) || Script <- Terms],
    ok = file:close(File).

write(File, {Number, Enter, Rules, Batches}) ->
    %% The mode is asked for in the new process, which inherits nothing: a name in its options tells it.
    {ok, Machine} = gen_statem:start(?MODULE, {self(), Enter, maps:from_list(Rules)}, []),
    [catch batch(Machine, Batch) || Batch <- Batches],
    catch sys:suspend(Machine),
    exit(Machine, kill),
    io:format(File, "== ~b~n", [Number]),
    seen(File).

batch(Machine, Batch) ->
    %% It is suspended once it rests, so that the casts wait together.
    ok = sys:suspend(Machine),
    [gen_statem:cast(Machine, Content) || Content <- Batch],
    ok = sys:resume(Machine).

seen(File) ->
    receive
        {seen, Line} ->
            io:put_chars(File, [Line, $\n]),
            seen(File)
    after 0 -> ok
    end.

init({Runner, Enter, Rules}) ->
    put(runner, Runner),
    put(enter, Enter),
    put(rules, Rules),
    {ok, a, none}.

callback_mode() ->
    case get(enter) of
        true -> [handle_event_function, state_enter];
        false -> handle_event_function
    end.

handle_event(Type, Content, State, _Data) ->
    see("~s ~s ~s", [State, kind(Type), Content]),
    Rules = get(rules),
    Own = {State, Type, Content},
    Key = case Rules of #{Own := [_ | _]} -> Own; _ -> {State, Type, '*'} end,
    case Rules of
        #{Key := [Answer | Rest]} ->
            put(rules, Rules#{Key := Rest}),
            answer(Answer);
        #{} ->
            keep_state_and_data
    end.

answer({{raise, Why}, _}) -> error(Why);
answer({{next, State}, Actions}) -> {next_state, State, none, Actions};
answer({keep, Actions}) -> {keep_state_and_data, Actions};
answer({repeat, Actions}) -> {repeat_state_and_data, Actions};
answer({junk, _}) -> junk;
answer({stop, _}) -> stop.

terminate(Reason, State, _Data) ->
    see("terminate ~s in ~s", [reason(Reason), State]).

reason({Name, _}) -> name(Name);
reason(Name) -> name(Name).

name(Name) -> string:replace(atom_to_list(Name), "_", "-", all).

kind({timeout, Name}) -> io_lib:format("timeout/~s", [Name]);
kind(state_timeout) -> "state-timeout";
kind(Type) -> atom_to_list(Type).

see(Format, Words) ->
    get(runner) ! {seen, io_lib:format(Format, Words)},
    ok.
