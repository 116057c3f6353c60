// Tasks without `depends_on`: a model works out which needs which. Here it is the SIMULATED model of the test kit, so that
// the example needs no key; give make_openai_client a real base URL instead.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <iostream>

#include <corchestra/analysis/dependency_analyzer.hpp>
#include <corchestra/llm/openai_client.hpp>
#include <corchestra/testing/simulated_model.hpp>

using namespace corchestra;

awaitable<void> analyze() {
  const any_io_executor executor = co_await asio::this_coro::executor;
  auto server = testing::simulated_model::listen(executor, {.speed = 10}).value();
  auto http = net::make_http_client(executor).value();
  auto model = llm::make_openai_client(http, {.base_url = server.base_url(), .model = "any"}).value();

  std::vector<task_call> tasks = {
      create_task_call("prices", "analyst", "ingestion", "Collect the prices of solar modules"),
      create_task_call("subsidies", "analyst", "ingestion", "Collect the subsidies by country"),
      create_task_call("chart", "plotter", "plot", "Plot the prices as a chart"),
      create_task_call("article", "writer", "writing", "Write an article around the chart and the subsidies"),
  };
  dependency_analyzer analyzer(model, {});
  const result<analysis_result> found = co_await analyzer.analyze(tasks);
  if (!found) {
    std::cerr << found.error().message << "\n";
  } else {
    const auto graph = dependency_graph::build(tasks, found->edges);
    std::cout << "simulated model, source: " << to_string(found->source) << "\n" << graph->to_text();
  }
  co_await server.stop();
}

int main() {
  asio::io_context io;
  asio::co_spawn(io, analyze(), [](std::exception_ptr e) {
    if (e) std::rethrow_exception(e);
  });
  io.run();
}
