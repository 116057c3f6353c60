#include <corchestra/runtime/agent.hpp>
#include <corchestra/runtime/agent_registry.hpp>

namespace corchestra {

namespace {
class function_agent final : public agent {
 public:
  explicit function_agent(agent_function f) : function_(std::move(f)) {}
  awaitable<result<task_output>> run(task_context context) override { return function_(std::move(context)); }

 private:
  agent_function function_;
};
}  // namespace

std::shared_ptr<agent> make_agent(agent_function f) { return std::make_shared<function_agent>(std::move(f)); }

void agent_registry::add(std::string name, std::shared_ptr<agent> a) {
  if (!agents_ || agents_.use_count() > 1) agents_ = agents_ ? std::make_shared<table>(*agents_) : std::make_shared<table>();
  agents_->insert_or_assign(std::move(name), std::move(a));
}

std::shared_ptr<agent> agent_registry::find(std::string_view name) const {
  if (!agents_) return nullptr;
  const auto it = agents_->find(name);
  return it == agents_->end() ? nullptr : it->second;
}

std::vector<std::string> agent_registry::names() const {
  std::vector<std::string> all;
  if (!agents_) return all;
  for (const auto& [name, a] : *agents_) all.push_back(name);
  return all;
}

}  // namespace corchestra
