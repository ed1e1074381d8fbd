"""The rules that decide claims, one family a file. Pure: no I/O, no product, no wording for reports."""
