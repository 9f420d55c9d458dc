"""What a case type is and how a case moves: pure, no Django, no database.

`reading` turns a file into a `CaseType`, `lint` says what is wrong with it, `engine.evaluate` moves a case by one fact,
`state.apply` folds events, `advice` ranks next steps and says why others wait, `migration` carries cases to a version.
"""
