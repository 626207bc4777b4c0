import COneDNN

/// oneDNN refused to create or run something; says what, and why.
public struct OneDNNError: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Reason: Hashable, Sendable {
    /// A call failed with this `dnnl_status_t`.
    case status(UInt32)
    /// Only an implementation without any optimization exists (e.g. `ref:any`): it would be up to 1000 times
    /// slower than what was asked for, silently.
    case referenceImplementation(String)
    /// An argument (named) would have to be arranged in another way than is of use.
    case unexpectedLayout(String)
    /// The environment allows so many threads only (`OMP_THREAD_LIMIT`); oneDNN would leave the rest undone.
    case threadLimit(Int)
  }

  /// What was being created or run, e.g. `stage1.0.spatial backward-weights`.
  public let subject: String
  public let reason: Reason

  public init(subject: String, reason: Reason) {
    self.subject = subject
    self.reason = reason
  }

  public var description: String {
    switch reason {
    case .status(let status):
      "\(subject): oneDNN answered \"\(Self.names[status] ?? "status \(status)")\""
    case .referenceImplementation(let name):
      "\(subject): oneDNN has only the reference implementation \(name) for this shape on this processor;"
        + " choose channel counts that are multiples of 16"
    case .unexpectedLayout(let argument): "\(subject): oneDNN wants another layout of its \(argument)"
    case .threadLimit(let limit):
      "\(subject): OMP_THREAD_LIMIT allows \(limit); raise it, or lower training.threads"
    }
  }

  private static let names: [UInt32: String] = [
    dnnl_out_of_memory.rawValue: "out of memory",
    dnnl_invalid_arguments.rawValue: "invalid arguments",
    dnnl_unimplemented.rawValue: "not implemented for this shape",
    dnnl_runtime_error.rawValue: "runtime error",
  ]
}

/// Runs one C call and throws its status, if it is not success, with what was being made.
func check(_ subject: @autoclosure () -> String, _ call: () -> dnnl_status_t) throws(OneDNNError) {
  let status = call()
  guard status == dnnl_success else {
    throw OneDNNError(subject: subject(), reason: .status(UInt32(status.rawValue)))
  }
}
