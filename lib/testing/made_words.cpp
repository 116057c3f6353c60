#include "testing/made_words.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <unordered_map>
#include <vector>

#include <corchestra/base/text.hpp>

#include "testing/words.hpp"

namespace corchestra::testing {

namespace {

struct verb {
  std::string_view word;
  making how;
  std::string_view noun = {};  // what it makes by its own name
};

constexpr auto verbs = std::to_array<verb>({
    {"acquire", making::creates},
    {"assemble", making::creates},
    {"brainstorm", making::creates},
    {"build", making::creates},
    {"collect", making::creates},
    {"compile", making::creates},
    {"compose", making::creates},
    {"compute", making::creates},
    {"create", making::creates},
    {"derive", making::creates},
    {"design", making::creates, "design"},
    {"develop", making::creates},
    {"download", making::creates},
    {"draft", making::creates, "draft"},
    {"extract", making::creates},
    {"fetch", making::creates},
    {"find", making::creates},
    {"gather", making::creates},
    {"generate", making::creates},
    {"get", making::creates},
    {"implement", making::creates},
    {"import", making::creates},
    {"ingest", making::creates},
    {"list", making::creates, "list"},
    {"load", making::creates},
    {"make", making::creates},
    {"measure", making::creates},
    {"outline", making::creates, "outline"},
    {"prepare", making::creates},
    {"produce", making::creates},
    {"read", making::creates},
    {"record", making::creates},
    {"retrieve", making::creates},
    {"write", making::creates},
    {"analyse", making::reworks, "analysis"},
    {"analyze", making::reworks, "analysis"},
    {"assess", making::reworks, "assessment"},
    {"chart", making::reworks, "chart"},
    {"check", making::reworks, "check"},
    {"clean", making::reworks},
    {"combine", making::reworks},
    {"compare", making::reworks, "comparison"},
    {"condense", making::reworks, "summary"},
    {"draw", making::creates},
    {"edit", making::reworks, "edit"},
    {"estimate", making::creates, "estimate"},
    {"evaluate", making::reworks, "evaluation"},
    {"forecast", making::creates, "forecast"},
    {"merge", making::reworks},
    {"normalise", making::reworks},
    {"normalize", making::reworks},
    {"plot", making::reworks, "plot"},
    {"rank", making::reworks, "ranking"},
    {"review", making::reworks, "review"},
    {"summarise", making::reworks, "summary"},
    {"summarize", making::reworks, "summary"},
    {"test", making::reworks, "test"},
    {"translate", making::reworks, "translation"},
    {"validate", making::reworks, "validation"},
    {"verify", making::reworks, "verification"},
    {"visualise", making::reworks, "chart"},
    {"visualize", making::reworks, "chart"},
});

/// Base form, -s and -ing. The -ed form is left out: in descriptions it is mostly an adjective (the collected figures).
const std::unordered_map<std::string, const verb*>& verb_forms() {
  static const auto forms = [] {
    std::unordered_map<std::string, const verb*> all;
    for (const verb& v : verbs) {
      const std::string_view w = v.word;
      const std::string_view stem = w.ends_with('e') ? w.substr(0, w.size() - 1) : w;
      for (const auto& form : {std::string(w), concat(w, "s"), concat(w, "es"), concat(stem, "ing"),
                               concat(w, w.substr(w.size() - 1), "ing")})
        all.emplace(form, &v);
    }
    return all;
  }();
  return forms;
}

bool begins_clause(const std::vector<text_word>& words, std::size_t i) {
  if (words[i].breaks_phrase) return true;
  static constexpr auto before =
      std::to_array<std::string_view>({"and", "or", "then", "to", "please", "also", "must", "should", "will"});
  return std::find(before.begin(), before.end(), words[i - 1].text) != before.end();
}

bool follows_determiner(const std::vector<text_word>& words, std::size_t i) {
  static constexpr auto articles = std::to_array<std::string_view>(
      {"a", "an", "the", "this", "that", "these", "those", "its", "their", "each", "every", "all", "any"});
  return i > 0 && !words[i].breaks_phrase &&
         std::find(articles.begin(), articles.end(), words[i - 1].text) != articles.end();
}

/// Base forms of verbs that are as often nouns.
bool is_often_noun(const verb& v) {
  static constexpr auto words =
      std::to_array<std::string_view>({"build", "download", "find", "import", "load", "measure", "record"});
  return v.noun == v.word || std::find(words.begin(), words.end(), v.word) != words.end();
}

/// A making-verb at this place. What may be a noun (plot, draft, list) is a verb only where a clause begins.
const verb* verb_at(const std::vector<text_word>& words, std::size_t i) {
  const auto found = verb_forms().find(words[i].text);
  if (found == verb_forms().end()) return nullptr;
  const verb& v = *found->second;
  const bool plain = words[i].text == v.word || v.noun == v.word;
  const bool is_verb = is_often_noun(v) && plain ? begins_clause(words, i) : !follows_determiner(words, i);
  return is_verb ? &v : nullptr;
}

/// Ends the phrase that a verb makes.
bool ends_phrase(const text_word& w) {
  static constexpr auto enders = std::to_array<std::string_view>(
      {"from",  "for",   "with",   "without", "using",   "based",  "by",      "on",    "upon",      "about",  "around",
       "into",  "onto",  "to",     "as",      "in",      "at",     "through", "that",  "which",     "then",   "so",
       "out",   "after", "before", "over",    "between", "across", "against", "along", "via",       "within", "when",
       "where", "while", "during", "toward",  "towards", "per",    "under",   "until", "including", "like",   "than"});
  return w.breaks_clause || std::find(enders.begin(), enders.end(), w.text) != enders.end();
}

/// One noun group: its last word is the head, unless the group stands after `of`.
void close_group(description_words& out, std::vector<std::string>& group, making how, bool after_of) {
  for (std::size_t k = 0; k < group.size(); ++k) {
    const made_word made{how, !after_of && k + 1 == group.size()};
    const auto [at, fresh] = out.makes.emplace(group[k], made);
    if (!fresh) at->second = {std::max(at->second.how, how), at->second.head || made.head};
  }
  group.clear();
}

}  // namespace

description_words read_description(std::string_view description) {
  const auto words = split_words(description);
  description_words out;
  std::optional<making> current;
  std::vector<std::string> group;
  bool after_of = false;
  const auto close = [&] { close_group(out, group, current.value_or(making::creates), after_of); };
  for (std::size_t i = 0; i < words.size(); ++i) {
    const text_word& w = words[i];
    if (const verb* v = verb_at(words, i)) {
      close();
      current = v->how;
      after_of = false;
      if (!v->noun.empty()) out.makes.insert_or_assign(std::string(v->noun), made_word{});
      continue;
    }
    if (ends_phrase(w)) {
      close();
      current.reset();
    }
    if (is_stop_word(w.text) || w.breaks_phrase) close();
    if (w.text == "and" || w.breaks_phrase) after_of = false;
    if (w.text == "of") after_of = true;
    if (is_stop_word(w.text) || w.text.size() < 3) continue;
    std::string word = singular(w.text);
    out.names.insert(word);
    if (current) group.push_back(std::move(word));
  }
  close();
  return out;
}

}  // namespace corchestra::testing
