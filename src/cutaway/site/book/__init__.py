"""The book: the labs' pages and recorded results as a static site."""
