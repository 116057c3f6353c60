"""A tool: counts the words or characters of the text in its arguments."""

import json
import sys

text = json.load(sys.stdin)["text"]
print(len(text.split() if sys.argv[1] == "words" else text))
