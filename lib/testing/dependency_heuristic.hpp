#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <corchestra/base/json.hpp>

namespace corchestra::testing {

struct described_task {
  std::string id, description;
  std::vector<std::string> depends_on;
  bool settled = false;  // needs nothing but what `depends_on` says
};

struct guessed_dependency {
  std::string task, needs;
  double confidence = 0;
  std::string word;
};

/// The simulated model's whole understanding of dependencies: B depends on A where B's description shares the rarest
/// word with what A's description says it makes. In full:
///
/// - A description makes the words that follow a making-verb up to the next word or sign that begins something else
///   (from, for, with, on, using, ...; punctuation but commas). Stop words do not count; plurals count as singulars.
/// - Creating verbs (write, make, produce, collect, load, gather, draft, build, create, compute, ...) make what follows.
///   Reworking verbs (plot, summarise, analyse, edit, review, ...) make what their noun says (plot, summary, analysis,
///   edit, review); what follows them counts as made only where no task creates it.
/// - A word links A to B when A makes it and B names it without making it in the same manner (two writers of sections
///   are siblings). A word that qualifies another one (`market` in `market overview`) does not link when more than half
///   of the descriptions, and more than two, name it.
/// - Of several such words the rarest over all descriptions is the evidence. Where two tasks make a word that B names,
///   and B shares a rarer word with one of them, the other does not count.
/// - Needed tasks are always listed before the tasks that need them, and no guess closes a cycle with `depends_on`. A
///   task with `depends_on` of its own gets no guess.
///
/// Confidence falls with the number of descriptions that name the word: 0.9 for two, 0.1 less for each more, 0.4 at
/// least.
std::vector<guessed_dependency> guess_dependencies(const std::vector<described_task>& tasks);

/// The list of tasks in the analyzer's message: a JSON array of {"id", "description", "depends_on"} in a ```json block,
/// and after it, where there are any, a line that says which are settled and ends in a JSON array of their ids.
std::optional<std::vector<described_task>> read_described_tasks(std::string_view message);

/// The answer that the analyzer asked for: {"dependencies": [{"task", "needs", "kind", "confidence", "evidence"}]}.
json to_analyzer_answer(const std::vector<guessed_dependency>& guesses);

}  // namespace corchestra::testing
