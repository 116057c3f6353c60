// How many slots does a plan gain from? The scheduler itself answers, under a time of its own: nothing is run.
#include <iostream>

#include <corchestra/base/text.hpp>
#include <corchestra/session/what_if_report.hpp>

using namespace corchestra;
using namespace std::chrono_literals;

int main() {
  task_plan plan;
  const auto add = [&](std::string id, duration takes, std::vector<std::string> needs, std::string lock = {}) {
    task_call t = create_task_call(std::move(id), "writer", "write", "Write a part");
    t.depends_on = std::move(needs);
    if (!lock.empty()) t.resources = {{lock, lock_mode::exclusive, 1}};
    t.rules.get_or_emplace().expected_duration = takes;
    plan.tasks.push_back(std::move(t));
  };
  add("outline", 5s, {});
  for (int i = 1; i <= 8; ++i) add(concat("section-", i), 10s, {"outline"});
  for (int i = 1; i <= 4; ++i) add(concat("merge-", i), 3s, {concat("section-", i), concat("section-", i + 4)}, "file:report.md");

  const std::uint32_t slots[] = {1, 4, 8, 16};
  const result<what_if_result> foreseen = what_if(plan, slots);
  if (!foreseen) {
    std::cerr << foreseen.error().message << "\n";
    return 1;
  }
  for (const auto& r : foreseen->runs) {
    std::cout << r.metrics.slots << " slots: " << to_text(r.metrics.wall) << ", limited by " << r.limited_by() << "\n";
  }
}
