"""Cases from files: rows in each format, and what makes a case of a row."""
