#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <corchestra/session/session.hpp>

namespace corchestra {

/// Error (`invalid_argument`): a question of the plan has no time limit, and nobody is there to answer it.
result<void> check_approvals(const plan_document& plan);

/// Answers questions as they are asked, with no regard to what they say.
class standing_answers {
 public:
  standing_answers(approval_answers how, const plan_document& plan);

  /// On the run's strand; questions may come before the handle does.
  void operator()(const event& e);
  void answer_through(run r);

 private:
  bool answer_to(const std::string& task) const;

  approval_answers how_;
  std::map<std::string, bool> standard_;  // by task
  std::mutex mutex_;                      // the strand and the starter of the run
  std::optional<run> run_;
  std::vector<std::string> early_;
};

}  // namespace corchestra
