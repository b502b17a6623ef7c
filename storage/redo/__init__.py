"""Stored work done anew: texts read by a better extractor, an index by another tokenizer."""
