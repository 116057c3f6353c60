#pragma once

#include <memory>
#include <utility>

#include <corchestra/session/session.hpp>

#include "session/late_run.hpp"

namespace corchestra {

/// Error (`invalid_argument`): a question of the plan has no time limit, and nobody is there to answer it.
result<void> check_approvals(const plan_document& plan);

/// Answers questions as they are asked, with no regard to what they say.
class standing_answers {
 public:
  standing_answers(approval_answers how, std::shared_ptr<late_run> through) : how_(how), run_(std::move(through)) {}

  void operator()(const event& e) const;

 private:
  bool answer_to(const event& question) const;

  approval_answers how_;
  std::shared_ptr<late_run> run_;
};

}  // namespace corchestra
