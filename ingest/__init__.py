"""The stages of wirewatch: fetch, parse, decode, extract, repair, compare, match.

`model` has the types that flow through the stages, `pipeline` the two steps that connect them,
`ports` what those steps need from the outside. Everything else is a pure stage, but for `fetch`.
"""
