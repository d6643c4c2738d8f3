"""Python in models: expressions and scripts, restricted, through SpiffWorkflow's script engine.

SpiffWorkflow's `PythonScriptEngine` hands text to an environment, whose stock `TaskDataEnvironment` runs bare
`eval`/`exec`. Here the engine gets an environment of ours (`engine.RestrictedEnvironment`) and, instead of text, a
`program.Program`: code compiled from a syntax tree that

1. passed an allowlist of node types and names (`check`),
2. was rewritten so that attributes, calls of methods, arithmetic, comparison of containers, slices and iterations go
   through a `guard.Guard` that knows tables of methods and counts the cost (`rewrite`).

No Python attribute of any value is ever looked up by a name from the model.
"""

from bpmn.expressions.python.language import compile_python_expression, compile_python_script

__all__ = ["compile_python_expression", "compile_python_script"]
