#include <corchestra/telemetry/observe_run.hpp>

namespace corchestra::telemetry {

event_sink observe_run(otlp_exporter exporter, span_options options) {
  attributes endpoint = options.endpoint;
  const auto fold =
      std::make_shared<span_fold>(std::move(options), [exporter](const span& s) mutable { exporter.add(s); });
  return [exporter, fold, endpoint = std::move(endpoint)](const event& e) mutable {
    (*fold)(e);
    exporter.count(e, endpoint);
  };
}

}  // namespace corchestra::telemetry
