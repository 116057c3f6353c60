#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "testing/seeded_random.hpp"

namespace corchestra::testing {

/// Invents English from a prompt's own words and a small vocabulary of sentences. It always says that it is simulated.
class simulated_text {
 public:
  simulated_text(std::string_view prompt, seeded_random& random);

  /// Paragraphs of whole sentences, at most `words` words unless the first sentence alone is longer.
  std::string paragraphs(std::size_t words);
  /// A few words without an end mark.
  std::string phrase();

 private:
  const std::string& subject();
  std::string sentence(std::string_view pattern);

  std::vector<std::string> subjects_;  // the prompt's words, the most frequent first
  seeded_random& random_;
  std::size_t next_ = 0;
};

}  // namespace corchestra::testing
