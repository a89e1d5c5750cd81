"""A panel of language-model judges: what it is asked, what it may do, and how its votes count."""
