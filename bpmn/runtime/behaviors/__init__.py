"""What is special to each kind of element: one file per element, one registry.

A behavior is one function `enter(work, scope_id, token_id, node)`. It is called when a token has been put on the node,
input mappings are done and boundary events armed. It either finishes at once (`work.life.complete`), or leaves a wait
behind (job, user task, timer, subscription, called instance, child scope) whose end completes the node later.

Evaluate first, emit afterwards: a behavior that raises `Fail` must not have created anything yet that the lifecycle
cannot take back (it takes back waits and child scopes of the token).
"""
