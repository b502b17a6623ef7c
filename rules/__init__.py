"""The rule language and its engine: what a rule says, how text is read, and which rules match an article.

Pure: only `files` reads files. It knows nothing of feeds, pages or databases.
"""
