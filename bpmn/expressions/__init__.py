"""Expression languages behind one compiled interface (`api`); `compile` picks the language."""
