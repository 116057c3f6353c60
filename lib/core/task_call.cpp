#include <corchestra/core/task_call.hpp>

namespace corchestra {

task_call create_task_call(std::string id, std::string agent, std::string task_type, std::string description,
                           json context) {
  task_call c;
  c.id = std::move(id);
  c.agent = std::move(agent);
  c.task_type = std::move(task_type);
  c.description = std::move(description);
  c.context = std::move(context);
  return c;
}

}  // namespace corchestra
