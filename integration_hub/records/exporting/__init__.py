"""Lists as files for other programs: every row of what a list shows, in flat memory, and safe to open in a spreadsheet.

What is written of customers and orders is what `records.importing` reads: an export that is imported changes nothing.
"""
