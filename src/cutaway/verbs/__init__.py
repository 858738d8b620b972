"""The verbs of the command line: each asks the rooms of the house and prints the answer."""
