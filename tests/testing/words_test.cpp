#include "testing/words.hpp"

#include <catch2/catch_test_macros.hpp>

#include <corchestra/base/text.hpp>

using namespace corchestra::testing;

TEST_CASE("plurals and singulars become one word") {
  for (const auto& [word, stem] : std::vector<std::pair<std::string, std::string>>{{"figures", "figure"},
                                                                                   {"summaries", "summary"},
                                                                                   {"analyses", "analysis"},
                                                                                   {"analysis", "analysis"},
                                                                                   {"boxes", "box"},
                                                                                   {"classes", "class"},
                                                                                   {"class", "class"},
                                                                                   {"census", "census"},
                                                                                   {"prices", "price"},
                                                                                   {"gas", "gas"},
                                                                                   {"sources", "source"}})
    CHECK(singular(word) == stem);
}

TEST_CASE("words know whether a clause or a phrase begins with them") {
  const auto words = split_words("Bob's well-known plan, then: go");
  std::string shown;
  for (const auto& w : words) shown += w.text + (w.breaks_clause ? "!" : w.breaks_phrase ? "," : "") + " ";
  CHECK(shown == "bob! well known plan then, go! ");
}

TEST_CASE("stop words are known") {
  CHECK(is_stop_word("the"));
  CHECK(is_stop_word("your"));
  CHECK_FALSE(is_stop_word("figure"));
}

TEST_CASE("pieces of words join to the text again") {
  for (const std::string text : {"", "a", "  one, two ", R"({"a":[1,2]})", "...", "ü é\n\nx"}) {
    std::string joined;
    for (const auto piece : word_pieces(text)) joined += piece;
    CHECK(joined == text);
  }
  CHECK(count_words("one two, three") == 3);
  CHECK(count_words("...") == 1);
  CHECK(count_words("") == 0);
}
