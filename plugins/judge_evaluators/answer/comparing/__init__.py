"""Two typed values compared, one module a type; each says why and by what basis."""
