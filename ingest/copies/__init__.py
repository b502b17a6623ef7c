"""Is an article a copy, of what, of which kind, and with which evidence? Pure functions throughout.

From a text to its story: `furniture` says which lines are prose (with the phrases of `appeals`), `wording` makes them
comparable, `fingerprint` samples them so that a store finds candidates, which `ranking` orders and `likely` thins out.
`repeats` learns what a site repeats, and `strip` leaves it out. `align` finds what two texts share and `slots` where
facts differ; `relate` judges the pair, `kinds` says what the one is to the other (by the words of `telling`), `doubt`
what speaks against it beyond the words; `story` places the article.

`memory` is a store without a database. `credit` (with `credit_lines` and `agencies`) finds the agency that a text
names, `difference` (with `sentences`) tells people what was changed. Both decide nothing.
"""
