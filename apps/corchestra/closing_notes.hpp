#pragma once

#include <string>
#include <vector>

#include <corchestra/session/session.hpp>

namespace corchestra::program {

/// What a run's closing lines say of its waits, of what was fought over, and of the tasks that it has left.
std::vector<std::string> closing_notes(const session_result& r);

}  // namespace corchestra::program
