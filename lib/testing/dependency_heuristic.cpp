#include "testing/dependency_heuristic.hpp"

#include <algorithm>
#include <map>

#include <corchestra/base/text.hpp>

#include "testing/made_words.hpp"

namespace corchestra::testing {

namespace {

struct guesser {
  explicit guesser(const std::vector<described_task>& t) : tasks(t), needs(t.size()) {
    for (std::size_t i = 0; i < tasks.size(); ++i) index.emplace(tasks[i].id, i);
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      words.push_back(read_description(tasks[i].description));
      for (const auto& w : words.back().names) ++frequency[w];
      for (const auto& [w, made] : words.back().makes) {
        if (!words.back().names.contains(w)) ++frequency[w];
        if (made.how == making::creates) ++creators[w];
      }
      for (const auto& id : tasks[i].depends_on)
        if (const auto found = index.find(id); found != index.end()) needs[i].push_back(found->second);
    }
  }

  std::size_t frequency_of(const std::string& w) const { return frequency.find(w)->second; }

  bool links(const std::string& w, const made_word& made, const description_words& user) const {
    if (!user.names.contains(w)) return false;
    if (made.how == making::reworks && creators.contains(w)) return false;
    if (const auto own = user.makes.find(w); own != user.makes.end() && own->second.how == made.how) return false;
    return made.head || frequency_of(w) <= std::max<std::size_t>(2, tasks.size() / 2);
  }

  /// The rarest word that links maker to user; of equally rare ones a head noun, then the first of the alphabet.
  std::optional<std::string> rarest_link(std::size_t maker, std::size_t user) const {
    const std::string* best = nullptr;
    bool best_head = false;
    for (const auto& [w, made] : words[maker].makes) {
      if (!links(w, made, words[user])) continue;
      const bool rarer = !best || frequency_of(w) < frequency_of(*best) ||
                         (frequency_of(w) == frequency_of(*best) && made.head && !best_head);
      if (rarer) best = &w, best_head = made.head;
    }
    return best ? std::optional(*best) : std::nullopt;
  }

  bool reaches(std::size_t from, std::size_t to) const {
    std::vector<std::size_t> stack{from};
    std::vector<bool> seen(tasks.size());
    while (!stack.empty()) {
      const std::size_t at = stack.back();
      stack.pop_back();
      if (at == to) return true;
      if (seen[at]) continue;
      seen[at] = true;
      stack.insert(stack.end(), needs[at].begin(), needs[at].end());
    }
    return false;
  }

  void guess_for(std::size_t user, std::vector<guessed_dependency>& out) {
    std::map<std::size_t, std::string> candidates;
    for (std::size_t maker = 0; maker < user; ++maker)
      if (auto w = rarest_link(maker, user)) candidates.emplace(maker, std::move(*w));
    for (const auto& [maker, word] : candidates) {
      const bool outdone =
          std::any_of(candidates.begin(), candidates.end(), [&, w = &word, m = maker](const auto& other) {
            return other.first != m && frequency_of(other.second) < frequency_of(*w) &&
                   words[other.first].makes.contains(*w);
          });
      if (outdone || reaches(maker, user)) continue;
      needs[user].push_back(maker);
      const double rarity = (11 - static_cast<double>(frequency_of(word))) / 10;
      out.push_back({tasks[user].id, tasks[maker].id, std::max(0.4, rarity), word});
    }
  }

  const std::vector<described_task>& tasks;
  std::vector<description_words> words;
  std::map<std::string, std::size_t> frequency, creators, index;
  std::vector<std::vector<std::size_t>> needs;
};

std::string text_at(const json& object, std::string_view name) {
  const auto it = object.find(name);
  return it != object.end() && it->is_string() ? it->get<std::string>() : std::string();
}

std::optional<std::vector<described_task>> tasks_in(const json& list) {
  std::vector<described_task> tasks;
  for (const auto& t : list) {
    if (!t.is_object()) return std::nullopt;
    described_task task{text_at(t, "id"), text_at(t, "description"), {}, false};
    if (task.id.empty()) return std::nullopt;
    if (const auto given = t.find("depends_on"); given != t.end() && given->is_array())
      for (const auto& d : *given)
        if (d.is_string()) task.depends_on.push_back(d.get<std::string>());
    tasks.push_back(std::move(task));
  }
  return tasks;
}

void mark_settled(std::vector<described_task>& tasks, std::string_view text) {
  text = text.substr(std::min(text.find("settled"), text.size()));
  text = text.substr(0, text.find('\n'));
  const auto ids = parse_json(text.substr(std::min(text.find('['), text.size())));
  if (!ids || !ids->is_array()) return;
  for (auto& t : tasks) t.settled = std::find(ids->begin(), ids->end(), json(t.id)) != ids->end();
}

}  // namespace

std::vector<guessed_dependency> guess_dependencies(const std::vector<described_task>& tasks) {
  guesser g(tasks);
  std::vector<guessed_dependency> out;
  for (std::size_t user = 0; user < tasks.size(); ++user)
    if (tasks[user].depends_on.empty() && !tasks[user].settled) g.guess_for(user, out);
  return out;
}

std::optional<std::vector<described_task>> read_described_tasks(std::string_view message) {
  constexpr std::string_view open = "```json", close = "```";
  for (auto at = message.find(open); at != std::string_view::npos; at = message.find(open, at)) {
    at += open.size();
    const auto end = message.find(close, at);
    if (end == std::string_view::npos) break;
    const auto list = parse_json(message.substr(at, end - at));
    at = end + close.size();
    if (!list || !list->is_array()) continue;
    auto tasks = tasks_in(*list);
    if (!tasks) continue;
    mark_settled(*tasks, message.substr(at));
    return tasks;
  }
  return std::nullopt;
}

json to_analyzer_answer(const std::vector<guessed_dependency>& guesses) {
  json list = json::array();
  for (const auto& g : guesses)
    list.push_back({{"task", g.task},
                    {"needs", g.needs},
                    {"kind", "data"},
                    {"confidence", g.confidence},
                    {"evidence", concat("it names '", g.word, "', which ", g.needs, " makes")}});
  return {{"dependencies", std::move(list)}};
}

}  // namespace corchestra::testing
