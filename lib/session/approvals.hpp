#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <corchestra/session/session.hpp>

namespace corchestra {

/// Error (`invalid_argument`): a question of the plan has no time limit, and nobody is there to answer it.
result<void> check_approvals(const plan_document& plan);

/// Answers questions as they are asked, with no regard to what they say.
class standing_answers {
 public:
  explicit standing_answers(approval_answers how) : how_(how) {}

  /// On the run's strand; questions may come before the handle does.
  void operator()(const event& e);
  void answer_through(run r);

 private:
  bool answer_to(const event& question) const;

  approval_answers how_;
  std::mutex mutex_;  // the strand and the starter of the run
  std::optional<run> run_;
  std::vector<std::pair<std::string, bool>> early_;
};

}  // namespace corchestra
