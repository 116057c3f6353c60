#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

namespace corchestra::testing {

enum class making { reworks, creates };

struct made_word {
  making how = making::creates;
  bool head = true;  // the last noun of its group, which the words before it only qualify
};

/// What a description says, for the dependency heuristic. All words in lower case and singular.
struct description_words {
  std::map<std::string, made_word, std::less<>> makes;
  std::set<std::string, std::less<>> names;  // every word that is no stop word and no verb of making
};

description_words read_description(std::string_view description);

}  // namespace corchestra::testing
