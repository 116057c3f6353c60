#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <corchestra/async/awaitable.hpp>

namespace corchestra {

error error_from_exception(std::exception_ptr e) {
  try {
    std::rethrow_exception(std::move(e));
  } catch (const error_exception& x) {
    return x.error();
  } catch (const boost::system::system_error& x) {
    if (x.code() == asio::error::operation_aborted) return fail(errc::cancelled, "cancelled");
    return error{x.code(), x.what(), retry_class::unspecified, std::nullopt};
  } catch (const std::exception& x) {
    return fail(errc::task_failed, x.what());
  } catch (...) {
    return fail(errc::task_failed, "an exception that is not a std::exception");
  }
}

}  // namespace corchestra
