%% Runs scripts on the gen_statem of Erlang and writes what is seen, as tests/machine/oracle.rs does on statehall.
%%
%% A script is {Number, Enter, Functions, Init, Rules, Batches}: whether states are entered with a call and whether each
%% has a function, the actions of init. A rule is {{State, Type, Content}, Answers}; its answers are used up
%% one after another, and an event without one keeps the state. A batch is a list of casts that wait together.
-module(oracle).
-behaviour(gen_statem).
-export([run/2, init/1, callback_mode/0, handle_event/4, a/3, b/3, c/3, terminate/3]).

run(Scripts, Out) ->
    logger:set_primary_config(level, none),
    {ok, Terms} = file:consult(Scripts),
    {ok, File} = file:open(Out, [write]),
    [write(File, Script) || Script <- Terms],
    ok = file:close(File).

write(File, {Number, Enter, Functions, Init, Rules, Batches}) ->
    {ok, Machine} = gen_statem:start(?MODULE, {self(), Enter, Functions, Init, maps:from_list(Rules)}, []),
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

init({Runner, Enter, Functions, Init, Rules}) ->
    put(runner, Runner),
    put(enter, Enter),
    put(functions, Functions),
    put(rules, Rules),
    {ok, a, none, Init}.

callback_mode() ->
    Mode = case get(functions) of true -> state_functions; false -> handle_event_function end,
    case get(enter) of true -> [Mode, state_enter]; false -> Mode end.

a(Type, Content, Data) -> handle_event(Type, Content, a, Data).
b(Type, Content, Data) -> handle_event(Type, Content, b, Data).
c(Type, Content, Data) -> handle_event(Type, Content, c, Data).

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
