#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace corchestra::testing {

/// One word of a text, with what separates it from the word before.
struct text_word {
  std::string text;           // lower case
  std::string_view original;  // as written
  bool breaks_clause;         // punctuation other than a comma, or the text's begin, stands before it
  bool breaks_phrase;         // any punctuation but a hyphen stands before it
};

/// Letters and digits in a row (bytes above 127 count as letters).
std::vector<text_word> split_words(std::string_view text);

/// Articles, pronouns, prepositions, auxiliaries: words that say nothing about the subject.
bool is_stop_word(std::string_view word);

/// Simple plural stemming: `figures` and `figure`, `summaries` and `summary`, `analyses` and `analysis` become one.
std::string singular(std::string_view word);

/// How many tokens the simulated model counts for a text: its words.
std::size_t count_words(std::string_view text);

/// Cuts a text into one piece a word, so that the pieces joined are the text again.
std::vector<std::string_view> word_pieces(std::string_view text);

}  // namespace corchestra::testing
