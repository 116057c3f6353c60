// The queue against a model that looks at every entry and computes effective priorities.
#include "core/start_queue.hpp"

#include <rapidcheck.h>
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <map>
#include <random>
#include <vector>

using namespace corchestra;
using namespace corchestra::detail;
using namespace std::chrono_literals;

namespace {

using entry = start_queue::entry;

std::vector<task_index> drained(start_queue& q, time_point now = {}) {
  std::vector<task_index> out;
  for (entry e; q.pop(e, now);) out.push_back(e.task);
  return out;
}

std::int64_t second_of(time_point t) { return std::chrono::floor<std::chrono::seconds>(t.time_since_epoch()).count(); }

std::int64_t effective_priority(const entry& e, time_point now) {
  return e.priority + std::min<std::int64_t>(90, second_of(now) - second_of(e.ready_at));
}

// The order within a key, as the semantics page has it: less is sooner.
bool goes_before(start_order order, const entry& a, const entry& b, time_point now) {
  const auto effective = effective_priority(b, now) - effective_priority(a, now);
  const auto rank = a.rank == b.rank ? 0 : a.rank > b.rank ? -1 : 1;
  const auto depth = std::int64_t{b.depth} - a.depth;
  const auto ready = (a.ready_at - b.ready_at).count();
  const std::int64_t again = int{b.resumes} - int{a.resumes};
  std::vector<std::int64_t> keys;
  switch (order) {
    case start_order::priority:
      keys = {effective, again, rank};
      break;
    case start_order::critical_path:
      keys = {rank, effective, again};
      break;
    case start_order::depth_first:
      keys = {depth, effective, again, rank};
      break;
    case start_order::breadth_first:
      keys = {-depth, effective, again, rank};
      break;
    case start_order::fifo:
      keys = {again, ready};
      break;
    case start_order::custom:
      keys = {rank, again};
      break;
  }
  keys.push_back(std::int64_t{a.task} - b.task);
  for (const auto k : keys)
    if (k != 0) return k < 0;
  return false;
}

const start_order orders[] = {start_order::priority,      start_order::critical_path, start_order::depth_first,
                              start_order::breadth_first, start_order::fifo,          start_order::custom};

}  // namespace

TEST_CASE("a queue of one key always gives the best by a scan of all, whatever the order and however time passes") {
  REQUIRE(rc::check("against a scan", [] {
    std::mt19937_64 random(*rc::gen::arbitrary<std::uint64_t>());
    const auto below = [&random](int n) { return static_cast<int>(random() % static_cast<std::uint64_t>(n)); };
    const start_order order = orders[below(6)];
    const int priorities = 1 + below(4), ranks = 1 + below(4), step = 1 + below(3) * 700, in_order = below(3), rows = below(3);
    const int oldest = below(2) == 0 ? step * 50 : 200'000;  // at most 90 s count
    start_queue q(order);
    std::vector<entry> model;
    time_point now(std::chrono::milliseconds(below(5000) - 2000));
    task_index next = 0;
    for (int i = below(400); i >= 0; --i) {
      if (below(100) < 55) {
        entry e;
        e.task = in_order > 0 ? next++ : static_cast<task_index>(below(1000)) * 1000 + next++;
        e.ticket = static_cast<std::uint32_t>(random());
        e.priority = below(priorities) * (below(2) == 0 ? 10 : -40);
        e.rank = below(ranks) - 1.5;
        e.depth = static_cast<std::uint32_t>(below(3));
        e.resumes = below(5) == 0;
        e.weight = static_cast<std::uint32_t>(below(3));
        e.ready_at = now - (below(4) == 0 ? std::chrono::milliseconds(below(oldest)) : 0ms);
        const int count = rows == 0 || below(4) > 0 ? 1 : 1 + below(rows == 1 ? 4 : 40);
        q.push_row(e, static_cast<std::uint32_t>(count));
        for (int n = 0; n < count; ++n, ++e.task) model.push_back(e);
        next += static_cast<task_index>(count);
      } else {
        if (rows == 0 || below(4) == 0) now += std::chrono::milliseconds(below(step * 10));
        entry got;
        RC_ASSERT(q.pop(got, now) == !model.empty());
        if (model.empty()) continue;
        const auto best = std::min_element(
            model.begin(), model.end(), [&](const entry& a, const entry& b) { return goes_before(order, a, b, now); });
        RC_ASSERT(got.task == best->task);
        RC_ASSERT(got.ticket == best->ticket);
        RC_ASSERT(got.priority == best->priority);
        RC_ASSERT(got.resumes == best->resumes);
        RC_ASSERT(got.weight == best->weight);
        RC_ASSERT(got.ready_at == best->ready_at);
        if (order != start_order::fifo) RC_ASSERT(got.rank == best->rank);
        if (order == start_order::depth_first || order == start_order::breadth_first) {
          RC_ASSERT(got.depth == best->depth);
        }
        model.erase(best);
      }
      RC_ASSERT(q.size() == model.size());
      RC_ASSERT(q.empty() == model.empty());
    }
  }));
}

TEST_CASE("higher priority first, then who takes a slot again, then higher rank, then listing") {
  start_queue q;
  q.push({.task = 0});
  q.push({.task = 5, .rank = 3});
  q.push({.task = 4, .rank = 3});
  q.push({.task = 3, .rank = 7});
  q.push({.task = 6, .resumes = true, .rank = 3});
  q.push({.task = 1, .priority = 100});
  q.push({.task = 2, .priority = 11});
  CHECK(drained(q) == std::vector<task_index>{1, 2, 6, 3, 4, 5, 0});
}

TEST_CASE("[C34] depth_first takes the deepest, breadth_first the shallowest, each then by effective priority") {
  for (const bool deepest : {true, false}) {
    start_queue q(deepest ? start_order::depth_first : start_order::breadth_first);
    q.push({.task = 0, .priority = 100, .depth = 1});
    q.push({.task = 1, .priority = 10, .depth = 2});
    q.push({.task = 2, .priority = 11, .depth = 2});
    q.push({.task = 3, .depth = 3});
    CHECK(drained(q) == (deepest ? std::vector<task_index>{3, 2, 1, 0} : std::vector<task_index>{0, 2, 1, 3}));
  }
}

TEST_CASE("a waiting second is worth one of priority, ninety at most: critical stays critical") {
  start_queue q;
  q.push({.task = 0, .priority = 10, .ready_at = time_point(0s)});
  q.push({.task = 1, .priority = 50, .ready_at = time_point(39s)});
  q.push({.task = 2, .priority = 50, .ready_at = time_point(41s)});
  start_queue copy = q;
  CHECK(drained(copy, time_point(60s)) == std::vector<task_index>{1, 0, 2});
  q.push({.task = 3, .priority = 101, .ready_at = time_point(500s)});
  entry e;
  REQUIRE(q.pop(e, time_point(500s)));
  CHECK(e.task == 1);  // 50 + 90
  q.push({.task = 4, .priority = 10, .ready_at = time_point(499s)});
  CHECK(drained(q, time_point(500s)) == std::vector<task_index>{2, 3, 0, 4});
}

TEST_CASE("what has risen as far as it can goes by priority, then rank, no longer by waiting time") {
  start_queue q;
  q.push({.task = 0, .priority = 1, .ready_at = time_point(0s)});
  q.push({.task = 1, .priority = 2, .rank = 1, .ready_at = time_point(5s)});
  q.push({.task = 2, .priority = 2, .rank = 2, .ready_at = time_point(9s)});
  CHECK(drained(q, time_point(1000s)) == std::vector<task_index>{2, 1, 0});
}

TEST_CASE("a rank that is no number comes last, and infinite ones are ranks") {
  start_queue q(start_order::custom);
  const double infinity = std::numeric_limits<double>::infinity();
  q.push({.task = 0, .rank = std::numeric_limits<double>::quiet_NaN()});
  q.push({.task = 1, .rank = -1});
  q.push({.task = 2, .rank = infinity});
  q.push({.task = 3, .rank = -0.0});
  q.push({.task = 4, .rank = 0.0});
  CHECK(drained(q) == std::vector<task_index>{2, 3, 4, 1, 0});
}

TEST_CASE("extreme priorities and times keep their order") {
  for (const start_order order : orders) {
    start_queue q(order);
    q.push({.task = 0, .priority = std::numeric_limits<int>::min(), .ready_at = time_point(1'000'000'000s)});
    q.push({.task = 1, .priority = std::numeric_limits<int>::max(), .ready_at = time_point(-1'000'000'000s)});
    CHECK(drained(q, time_point(1'000'000'000s)) ==
          (order == start_order::custom ? std::vector<task_index>{0, 1} : std::vector<task_index>{1, 0}));
  }
}

TEST_CASE("a better entry that comes between is taken before the rest of a row, and the next key has its turn") {
  start_queue q;
  q.push_row({.task = 10}, 8);
  entry e;
  for (const task_index t : {10u, 11u, 12u}) {
    REQUIRE(q.pop(e, {}));
    CHECK(e.task == t);
  }
  q.push({.task = 3, .priority = 50});
  q.push_row({.task = 30, .key = 1}, 2);
  CHECK(q.size() == 8);
  REQUIRE(q.pop(e, {}));
  CHECK(e.task == 3);
  CHECK(drained(q) == std::vector<task_index>{30, 13, 31, 14, 15, 16, 17});
  CHECK(q.empty());
}

TEST_CASE("a row that has risen as far as it can and one that has not are taken by turns, as their priorities are") {
  start_queue q;
  q.push_row({.task = 0, .ready_at = time_point(0s)}, 4);
  q.push_row({.task = 100, .ready_at = time_point(50s)}, 8);
  CHECK(drained(q, time_point(100s)) == std::vector<task_index>{0, 1, 2, 3, 100, 101, 102, 103, 104, 105, 106, 107});

  q.push_row({.task = 200, .ready_at = time_point(200s)}, 8);
  entry e;
  REQUIRE(q.pop(e, time_point(289s)));
  CHECK(e.task == 200);
  q.push({.task = 300, .priority = 11, .ready_at = time_point(205s)});
  REQUIRE(q.pop(e, time_point(289s)));  // 10 + 89 before 11 + 84
  CHECK(e.task == 201);
  REQUIRE(q.pop(e, time_point(294s)));  // 10 + 90, which is the most, and 11 + 89
  CHECK(e.task == 202);
  REQUIRE(q.pop(e, time_point(295s)));
  CHECK(e.task == 300);
  CHECK(drained(q, time_point(295s)) == std::vector<task_index>{203, 204, 205, 206, 207});
}

TEST_CASE("keys of weight 1 and 3 share the slots 1 to 3 in every round") {
  start_queue q;
  q.set_weight(1, 1);
  q.set_weight(2, 3);
  for (task_index t = 0; t < 400; ++t) q.push({.task = t, .priority = static_cast<int>(t % 2) * 90, .key = 1 + t % 2});
  for (int round = 0; round < 50; ++round) {
    std::map<key_index, int> got;
    for (int i = 0; i < 4; ++i) {
      entry e;
      REQUIRE(q.pop(e, {}));
      ++got[e.key];
    }
    CHECK(got[1] == 1);
    CHECK(got[2] == 3);
  }
}

TEST_CASE("saturated keys get their weighted share of slots within a round, whatever a task takes") {
  REQUIRE(rc::check("shares", [] {
    std::mt19937_64 random(*rc::gen::arbitrary<std::uint64_t>());
    const auto below = [&random](std::uint32_t n) { return static_cast<std::uint32_t>(random() % n); };
    const key_index keys = 2 + below(5);
    const std::uint32_t heaviest = 1 + below(4);
    start_queue q;
    std::vector<double> weights, got(keys);
    double least = 1e9, all = 0;
    for (key_index k = 0; k < keys; ++k) {
      weights.push_back((1 + below(12)) / 2.0);
      q.set_weight(k, weights.back());
      least = std::min(least, weights.back());
    }
    const auto add = [&](key_index k, task_index t) { q.push({.task = t, .weight = 1 + below(heaviest), .key = k}); };
    for (task_index t = 0; t < 8 * keys; ++t) add(t % keys, t);
    for (task_index t = 1000; t < 2000; ++t) {
      entry e;
      RC_ASSERT(q.pop(e, {}));
      got[e.key] += e.weight;
      all += e.weight;
      add(e.key, t);
    }
    double sum = 0;
    for (const double w : weights) sum += w;
    for (key_index k = 0; k < keys; ++k) {
      // No further from its share than a round of all keys and one task of each.
      const double slack = (sum / least + heaviest * keys);
      RC_ASSERT(std::abs(got[k] - all * weights[k] / sum) <= slack);
    }
  }));
}

TEST_CASE("a key that is refunded keeps its turn") {
  start_queue q;
  for (task_index t = 0; t < 8; ++t) q.push({.task = t, .key = t % 2});
  entry e;
  REQUIRE(q.pop(e, {}));
  CHECK(e.task == 0);
  q.refund(e);
  q.refund(e);  // once only
  std::vector<task_index> rest = drained(q);
  CHECK(rest == std::vector<task_index>{2, 1, 4, 3, 6, 5, 7});
}

TEST_CASE("a key that was empty owns nothing, and a key alone pays nothing") {
  start_queue q;
  q.set_weight(1, 4);
  entry e;
  for (task_index t = 0; t < 10; ++t) q.push({.task = t, .key = 0});
  for (int i = 0; i < 5; ++i) REQUIRE(q.pop(e, {}));
  q.push({.task = 20, .key = 1});  // leaves three of its four slots unused
  std::vector<key_index> keys;
  for (int i = 0; i < 3; ++i) {
    REQUIRE(q.pop(e, {}));
    keys.push_back(e.key);
  }
  CHECK(keys == std::vector<key_index>{0, 1, 0});
  for (task_index t = 30; t < 40; ++t) q.push({.task = t, .key = 1});
  keys.clear();
  for (int i = 0; i < 6; ++i) {
    REQUIRE(q.pop(e, {}));
    keys.push_back(e.key);
  }
  CHECK(keys == std::vector<key_index>{0, 1, 1, 1, 1, 0});
}

TEST_CASE("what starts past the queue is charged to its key, and not if the key is alone or empty") {
  start_queue q;
  for (task_index t = 0; t < 12; ++t) q.push({.task = t, .key = 1 + t % 2});
  q.charge({.task = 100, .weight = 3, .key = 1});
  q.charge({.task = 101, .weight = 3, .key = 3});
  entry e;
  std::vector<key_index> keys;
  while (q.pop(e, {}) && keys.size() < 6) keys.push_back(e.key);
  CHECK(keys == std::vector<key_index>{2, 2, 2, 1, 2, 1});
}

TEST_CASE("a heavy task waits its turn and then goes: no key starves") {
  start_queue q;
  for (task_index t = 0; t < 100; ++t) q.push({.task = t, .key = 0});
  q.push({.task = 100, .weight = 8, .key = 1});
  const auto all = drained(q);
  CHECK(std::find(all.begin(), all.end(), 100u) - all.begin() == 8);
}

TEST_CASE("odd weights count as 1, and a tiny one among the keys does not make rounds long for the others") {
  start_queue q;
  q.set_weight(0, 0);
  q.set_weight(1, std::numeric_limits<double>::quiet_NaN());
  q.set_weight(2, 1e-300);
  for (task_index t = 0; t < 20; ++t) q.push({.task = t, .key = t % 2});
  CHECK(drained(q) == std::vector<task_index>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19});
}
