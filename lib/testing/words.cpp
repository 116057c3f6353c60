#include "testing/words.hpp"

#include <algorithm>
#include <array>

#include <corchestra/base/text.hpp>

namespace corchestra::testing {

namespace {

bool is_word_byte(char c) {
  const auto u = static_cast<unsigned char>(c);
  return (u >= 'a' && u <= 'z') || (u >= 'A' && u <= 'Z') || (u >= '0' && u <= '9') || u >= 0x80;
}

constexpr auto stop_words = std::to_array<std::string_view>(
    {"a",      "about",   "above",   "across", "after", "again", "against", "all",   "along",   "also",      "an",
     "and",    "any",     "are",     "around", "as",    "at",    "based",   "be",    "been",    "before",    "being",
     "below",  "between", "both",    "but",    "by",    "can",   "could",   "did",   "do",      "does",      "down",
     "during", "each",    "either",  "every",  "few",   "first", "for",     "from",  "give",    "had",       "has",
     "have",   "he",      "her",     "here",   "his",   "how",   "i",       "if",    "in",      "including", "into",
     "is",     "it",      "its",     "just",   "last",  "like",  "may",     "me",    "more",    "most",      "must",
     "my",     "need",    "needs",   "next",   "no",    "nor",   "not",     "now",   "of",      "off",       "on",
     "once",   "one",     "only",    "onto",   "or",    "other", "our",     "out",   "over",    "own",       "per",
     "please", "same",    "she",     "should", "so",    "some",  "such",    "than",  "that",    "the",       "their",
     "them",   "then",    "there",   "these",  "they",  "this",  "those",   "three", "through", "to",        "too",
     "toward", "towards", "two",     "under",  "until", "up",    "upon",    "use",   "using",   "very",      "via",
     "was",    "we",      "were",    "what",   "when",  "where", "which",   "while", "who",     "why",       "will",
     "with",   "within",  "without", "would",  "you",   "your"});
static_assert(std::ranges::is_sorted(stop_words));

}  // namespace

std::vector<text_word> split_words(std::string_view text) {
  std::vector<text_word> words;
  bool clause = true, phrase = true;
  for (std::size_t i = 0; i < text.size();) {
    if (!is_word_byte(text[i])) {
      const char c = text[i++];
      const bool possessive = c == '\'' && i < text.size() && to_lower(text.substr(i, 1)) == "s" &&
                              (i + 1 == text.size() || !is_word_byte(text[i + 1]));
      if (possessive) {
        ++i;
        continue;
      }
      if (std::string_view(" \t\r\n-_/'\"`").find(c) != std::string_view::npos) continue;
      phrase = true;
      if (c != ',') clause = true;
      continue;
    }
    std::size_t end = i;
    while (end < text.size() && is_word_byte(text[end])) ++end;
    const std::string_view original = text.substr(i, end - i);
    words.push_back({to_lower(original), original, clause, phrase});
    clause = phrase = false;
    i = end;
  }
  return words;
}

bool is_stop_word(std::string_view word) { return std::ranges::binary_search(stop_words, word); }

std::string singular(std::string_view word) {
  const auto ends = [&](std::string_view suffix) { return word.size() > suffix.size() + 1 && word.ends_with(suffix); };
  const auto cut = [&](std::size_t n, std::string_view tail = {}) {
    return concat(word.substr(0, word.size() - n), tail);
  };
  if (word.size() <= 3 || word == "news" || word == "series" || word == "species") return std::string(word);
  if (ends("lyses")) return cut(2, "is");
  if (ends("ies")) return cut(3, "y");
  for (const std::string_view s : {"sses", "xes", "ches", "shes"})
    if (ends(s)) return cut(2);
  if (word.ends_with("ss") || word.ends_with("us") || word.ends_with("is") || !word.ends_with('s'))
    return std::string(word);
  return cut(1);
}

std::vector<std::string_view> word_pieces(std::string_view text) {
  std::vector<std::string_view> pieces;
  std::size_t begin = 0, i = 0;
  while (i < text.size()) {
    while (i < text.size() && !is_word_byte(text[i])) ++i;
    if (i == text.size() && !pieces.empty()) {
      pieces.back() = std::string_view(pieces.back().data(), pieces.back().size() + (i - begin));
      return pieces;
    }
    while (i < text.size() && is_word_byte(text[i])) ++i;
    pieces.push_back(text.substr(begin, i - begin));
    begin = i;
  }
  return pieces;
}

std::size_t count_words(std::string_view text) { return word_pieces(text).size(); }

}  // namespace corchestra::testing
