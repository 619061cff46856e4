"""How good the assistant is: what it understands, and whether it hands over at the right turn.

`python -m handoff evaluate` reads `tests/nlu/heldout.yml` and `tests/dialogues/` with the trained model and writes
`var/reports/evaluation.html`; `python -m handoff.evaluation.compare` tries one pipeline beside another.
"""
