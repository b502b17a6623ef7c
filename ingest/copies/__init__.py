"""Is an article a copy, of what, of which kind, and with which evidence? Pure functions throughout.

`furniture` says which lines are prose, `wording` makes a text comparable, `fingerprint` samples it so that a
store can find candidates, `align` and `slots` compare two texts, `relate` judges a pair, `story` places an article.
"""
