"""The built-in functions of FEEL, a module per kind as the standard groups them; `registry` has them all."""
