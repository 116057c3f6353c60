#include <algorithm>
#include <array>
#include <map>
#include <unordered_map>

#include <corchestra/base/text.hpp>

#include "core/dependency_graph_data.hpp"
#include "core/index_set.hpp"

namespace corchestra {

namespace {

using data = dependency_graph_data;
constexpr std::uint32_t none = data::none;
constexpr std::size_t block_size = 64;  // ids looked up together

std::string_view stem_of(std::string_view id) { return id.ends_with("/*") ? id.substr(0, id.size() - 2) : id; }

constexpr std::size_t readable = 20;  // items of a list in a message

std::string first_of(const std::vector<std::string>& all) {
  if (all.size() <= readable) return join(all, ", ");
  return concat(join(std::vector(all.begin(), all.begin() + readable), ", "), " and ", all.size() - readable, " more");
}

/// One cycle, whole, in the direction "needs", from its first task in listing order. Every task that Kahn's order left
/// over needs another such task, so following them must come back.
std::vector<std::uint32_t> find_cycle(const data& d, const std::vector<std::uint32_t>& missing) {
  const auto left_over = [&](std::uint32_t t) { return missing[t] > 0; };
  std::uint32_t at = 0;
  while (!left_over(at)) ++at;
  std::vector<std::uint32_t> walk, place(d.ids.size(), none);
  while (place[at] == none) {
    place[at] = static_cast<std::uint32_t>(walk.size());
    walk.push_back(at);
    std::uint32_t least = none;
    for (const auto n : d.needs().of(at)) {
      if (left_over(n)) least = std::min(least, n);
    }
    at = least;
  }
  walk.erase(walk.begin(), walk.begin() + static_cast<std::ptrdiff_t>(place[at]));
  std::rotate(walk.begin(), std::min_element(walk.begin(), walk.end()), walk.end());
  return walk;
}

/// `a -> b -> a`
std::string cycle_text(const data& d, const std::vector<std::uint32_t>& cycle) {
  constexpr std::size_t most = 200;  // a longer cycle is cut in the middle
  std::string text;
  for (std::size_t i = 0; i < cycle.size(); ++i) {
    if (cycle.size() > most && i == most / 2) {
      text += concat("(", cycle.size() - most, " more) -> ");
      i = cycle.size() - most / 2;
    }
    text += d.ids[cycle[i]] + " -> ";
  }
  return text + d.ids[cycle.front()];
}

/// What is wrong, and the first task it is about.
struct fault {
  error what;
  std::optional<std::size_t> task;
};

/// Ids used twice, in listing order.
fault duplicates(std::span<const task_call> tasks) {
  std::unordered_map<std::string_view, int> uses;
  std::vector<std::string> twice;
  std::optional<std::size_t> first;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    if (++uses[tasks[i].id] != 2) continue;
    twice.push_back(quote(tasks[i].id));
    if (!first) first = i;
  }
  return {fail(errc::duplicate_task, concat("task ids used more than once: ", first_of(twice))), first};
}

/// Unknown ids and who asks for them.
class unknown_ids {
 public:
  void add(const std::string& id, const std::string& asker) {
    const auto [it, fresh] = askers_.try_emplace(id);
    if (fresh) order_.push_back(&it->first);
    if (it->second.empty() || it->second.back() != asker) it->second.push_back(asker);
  }
  error what() const {
    std::vector<std::string> parts;
    for (const std::string* id : order_) {
      std::vector<std::string> names;
      for (const auto& asker : askers_.at(*id)) names.push_back(quote(asker));
      parts.push_back(concat(quote(*id), " (asked for by ", first_of(names), ")"));
    }
    return fail(errc::unknown_task, concat("unknown task ids: ", first_of(parts)));
  }

 private:
  std::map<std::string, std::vector<std::string>> askers_;
  std::vector<const std::string*> order_;
};

fault unknown(const data& d, std::span<const task_call> tasks, std::span<const dependency_edge> extra) {
  unknown_ids ids;
  std::optional<std::size_t> first;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    for (const auto& id : tasks[i].depends_on) {
      if (d.find_need(id) != none) continue;
      ids.add(id, tasks[i].id);
      if (!first) first = i;
    }
  }
  for (const auto& e : extra) {
    if (d.find_need(e.from) == none) ids.add(e.from, e.to);
    if (d.find(e.to) == none) ids.add(e.to, e.from);
  }
  return {ids.what(), first};
}

/// False when an id comes twice.
bool take_ids(data& d, std::span<const task_call> tasks) {
  const auto id_of = [&d](std::uint32_t n) -> std::string_view { return d.ids[n]; };
  d.ids.reserve(tasks.size());
  d.table.reset(tasks.size());
  std::array<std::uint64_t, block_size> hashes;
  for (std::size_t begin = 0; begin < tasks.size(); begin += block_size) {
    const std::size_t size = std::min(block_size, tasks.size() - begin);
    for (std::size_t i = 0; i < size; ++i) {
      hashes[i] = detail::id_table::hash(d.ids.emplace_back(tasks[begin + i].id));
      d.table.prefetch(hashes[i]);
    }
    for (std::size_t i = 0; i < size; ++i) {
      if (!d.table.insert(static_cast<std::uint32_t>(begin + i), hashes[i], id_of)) return false;
    }
  }
  return true;
}

/// Finds the numbers of ids, a block at a time, and appends them to a list. `none` for those that are not known.
class resolver {
 public:
  resolver(const data& d, std::vector<std::uint32_t>& out) : data_(d), out_(out) {}

  void add(const std::string& id) {
    const std::uint64_t hash = detail::id_table::hash(id);
    data_.table.prefetch(hash);
    block_[count_++] = {&id, hash};
    if (count_ == block_size) flush();
  }

  void flush() {
    std::array<std::uint32_t, block_size> candidates;
    for (std::size_t i = 0; i < count_; ++i) {
      candidates[i] = data_.table.candidate(block_[i].hash);
      if (candidates[i] != none) __builtin_prefetch(&data_.ids[candidates[i]]);
    }
    for (std::size_t i = 0; i < count_; ++i) {
      const std::uint32_t n = candidates[i];
      out_.push_back(n != none && data_.ids[n] == *block_[i].id ? n : data_.find_need(*block_[i].id));
    }
    count_ = 0;
  }

 private:
  struct wanted {
    const std::string* id;
    std::uint64_t hash;
  };
  const data& data_;
  std::vector<std::uint32_t>& out_;
  std::array<wanted, block_size> block_;
  std::size_t count_ = 0;
};

/// What `depends_on` names. False when something is not known.
bool take_listed(data& d, std::span<const task_call> tasks) {
  std::vector<std::uint32_t>& out = d.listed.tasks;
  d.listed.ends.reserve(tasks.size());
  std::size_t count = 0;
  for (const auto& t : tasks) d.listed.ends.push_back(static_cast<std::uint32_t>(count += t.depends_on.size()));
  out.reserve(count);
  resolver r(d, out);
  for (const auto& t : tasks) {
    for (const auto& id : t.depends_on) r.add(id);
  }
  r.flush();

  // Repetitions go.
  std::vector<std::uint32_t> last_asker;  // by task, when lists are long
  std::uint32_t begin = 0, kept = 0;
  for (std::uint32_t t = 0; t < d.size(); ++t) {
    const std::uint32_t first = kept, end = d.listed.ends[t];
    const bool is_long = end - begin > 16;
    if (is_long && last_asker.empty()) last_asker.assign(d.size(), none);
    for (; begin < end; ++begin) {
      const std::uint32_t n = out[begin];
      if (n == none) return false;
      if (is_long ? std::exchange(last_asker[n], t) == t
                  : std::find(out.begin() + first, out.begin() + kept, n) != out.begin() + kept) {
        continue;
      }
      out[kept++] = n;
    }
    d.listed.ends[t] = kept;
  }
  out.resize(kept);
  return true;
}

/// Edges besides `depends_on`; of two between the same tasks the first counts. False when an id is not known.
bool take_added(data& d, std::span<const dependency_edge> extra) {
  if (extra.empty()) return true;
  std::unordered_map<std::uint64_t, bool> known;  // from, to: whether `depends_on` has it
  const auto key = [](std::uint32_t from, std::uint32_t to) { return std::uint64_t{from} << 32 | to; };
  for (const auto& e : extra) {
    const std::uint32_t from = d.find_need(e.from), to = d.find(e.to);
    if (from == none || to == none) return false;
    if (!known.try_emplace(key(from, to), false).second) continue;
    d.added.push_back({from, to, e.kind, e.confidence, e.evidence, e.analyzed});
  }
  d.each_edge([&](std::uint32_t from, std::uint32_t to, const data::added_edge* added) {
    if (added != nullptr) return;
    if (const auto it = known.find(key(from, to)); it != known.end()) it->second = true;
  });
  std::erase_if(d.added, [&](const auto& e) { return known.at(key(e.from, e.to)); });
  if (d.added.empty()) return true;
  std::vector<std::vector<std::uint32_t>> more(d.ids.size());
  for (const auto& e : d.added) more[e.to].push_back(e.from);
  for (std::uint32_t t = 0; t < d.size(); ++t) {
    const auto listed = d.listed.of(t);
    d.all.tasks.insert(d.all.tasks.end(), listed.begin(), listed.end());
    d.all.tasks.insert(d.all.tasks.end(), more[t].begin(), more[t].end());
    d.all.ends.push_back(static_cast<std::uint32_t>(d.all.tasks.size()));
  }
  return true;
}

void fill_feeds(data& d) {
  const auto& needs = d.needs();
  auto& ends = d.feeds.ends;
  // First each list's length, then its begin, which moves to its end as it is filled.
  ends.assign(d.ids.size(), 0);
  for (const auto n : needs.tasks) ++ends[n];
  std::uint32_t begin = 0;
  for (auto& e : ends) begin += std::exchange(e, begin);
  d.feeds.tasks.resize(needs.tasks.size());
  for (std::uint32_t t = 0; t < d.size(); ++t) {
    for (const auto n : needs.of(t)) d.feeds.tasks[ends[n]++] = t;
  }
}

bool listed_in_order(const data& d) {
  for (std::uint32_t t = 0; t < d.size(); ++t) {
    for (const auto n : d.needs().of(t)) {
      if (n >= t) return false;
    }
  }
  return true;
}

std::optional<fault> sort(data& d) {
  if (listed_in_order(d)) return std::nullopt;
  std::vector<std::uint32_t> missing(d.ids.size());
  detail::index_set free(d.ids.size());
  for (std::uint32_t t = 0; t < d.size(); ++t) {
    missing[t] = static_cast<std::uint32_t>(d.needs().of(t).size());
    if (missing[t] == 0) free.insert(t);
  }
  d.order.reserve(d.ids.size());
  while (!free.empty()) {
    const auto t = free.pop();
    d.order.push_back(t);
    for (const auto next : d.feeds.of(t)) {
      if (--missing[next] == 0) free.insert(next);
    }
  }
  if (d.order.size() == d.ids.size()) return std::nullopt;
  const auto cycle = find_cycle(d, missing);
  return fault{fail(errc::dependency_cycle, concat("tasks that wait for each other (each needs the next): ", cycle_text(d, cycle))),
               cycle.front()};
}

}  // namespace

std::uint32_t dependency_graph_data::find_need(std::string_view id) const {
  const std::uint32_t n = find(id);
  return n == none ? find(stem_of(id)) : n;
}

result<dependency_graph> dependency_graph::build(std::span<const task_call> tasks,
                                                 std::span<const dependency_edge> extra,
                                                 std::optional<std::size_t>* at_fault) {
  const auto refuse = [at_fault](fault f) {
    if (at_fault != nullptr) *at_fault = f.task;
    return std::move(f.what);
  };
  auto d = std::make_shared<dependency_graph_data>();
  if (!take_ids(*d, tasks)) return refuse(duplicates(tasks));
  if (!take_listed(*d, tasks) || !take_added(*d, extra)) return refuse(unknown(*d, tasks, extra));
  fill_feeds(*d);
  if (auto wrong = sort(*d)) return refuse(std::move(*wrong));
  dependency_graph g;
  g.data_ = std::move(d);
  return g;
}

}  // namespace corchestra
