"""The bundled sample newsroom: nine invented outlets on loopback, with pages to read and feeds to poll.

`outlets` says who is there, `pages/` holds what they serve as raw bytes, `newsroom` answers requests,
`server` speaks HTTP, and `expect.json` says what a correct reader must have found at the end.
"""
