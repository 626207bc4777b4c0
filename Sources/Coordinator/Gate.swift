internal import SweepProtocol
internal import ZeroMQ

/// Whom a coordinator lets in, and who may say what. No sockets and no files here.
///
/// Without keys everybody may say everything. With keys a worker is one of a list, its id is bound to its key
/// (`WorkerIdentity`), and it may ask how things stand; whoever holds the coordinator's own secret key may do what a
/// worker may and ask for everything.
struct Gate {
  struct Refusal: Hashable {
    var reason: RefusalReason
    var line: String
  }

  private struct Holder {
    let name: String
    let prefix: String
    let isOperator: Bool
  }

  private let own: CurvePublicKey?
  /// By key in Z85, as connections tell it.
  private var holders: [String: Holder] = [:]
  /// Keys that are not allowed again: when that was, and what their holders are told.
  private var revoked: [String: (moment: Moment, line: String)] = [:]

  /// - Parameter own: the coordinator's public key; nil: it uses none.
  init(own: CurvePublicKey?) {
    self.own = own
    if let own { admit(own, "the coordinator's own key", isOperator: true) }
  }

  private mutating func admit(_ key: CurvePublicKey, _ name: String, isOperator: Bool = false) {
    holders[key.description] = Holder(
      name: name, prefix: WorkerIdentity.prefix(of: key.bytes), isOperator: isOperator)
  }

  /// A worker no longer allowed: what its ids begin with, and what it is to be told.
  struct Revocation: Hashable {
    var prefix: String
    var line: String
  }

  /// Lets in the list's workers, and nobody else from now on.
  mutating func replace(_ list: WorkerKeyList, at now: Moment) -> [Revocation] {
    let before = holders
    holders = holders.filter { $0.value.isOperator }
    for entry in list.entries where entry.key != own { admit(entry.key, entry.name) }
    let gone = before.filter { holders[$0.key] == nil }
    for (key, holder) in gone { revoked[key] = (now, "the key of \(holder.name), \(key), is revoked") }
    revoked = revoked.filter { holders[$0.key] == nil }
    return gone.sorted { $0.key < $1.key }.map { key, holder in
      Revocation(prefix: holder.prefix, line: revoked[key]!.line)
    }
  }

  var allowed: Int { holders.values.count { !$0.isOperator } }

  func admits(_ key: CurvePublicKey) -> Bool { holders[key.description] != nil }

  /// Why a message is refused, whatever it says.
  /// - Parameter key: what its connection was let in by.
  func refusal(of key: String?) -> Refusal? {
    guard own != nil else { return nil }
    guard let key else { return Refusal(reason: .keyNotAllowed, line: "a message under no key") }
    if holders[key] != nil { return nil }
    return Refusal(reason: .keyNotAllowed, line: revoked[key]?.line ?? "the key \(key) is not allowed")
  }

  /// Whether the key has been revoked so long that its holder has been told, and is to be cut off if it speaks on.
  func hasBeenTold(_ key: String?, at now: Moment) -> Bool {
    key.flatMap { revoked[$0] }.map { $0.moment.duration(to: now) >= .seconds(1) } ?? false
  }

  /// Why the connection may not speak for this worker.
  func refusal(of key: String?, as worker: String) -> Refusal? {
    if let refusal = refusal(of: key) { return refusal }
    guard own != nil, let key, let holder = holders[key], !worker.hasPrefix(holder.prefix) else { return nil }
    return Refusal(
      reason: .identity,
      line: "worker \(worker) is bound to another key than that of \(holder.name), \(key)")
  }

  /// Why the connection may not ask for this.
  func refusal(of key: String?, asking request: ClientRequest) -> String? {
    if let refusal = refusal(of: key) { return refusal.line }
    guard own != nil, request != .status, let key, holders[key]?.isOperator == false else { return nil }
    return "a worker's key may ask for the status only; give the coordinator's own secret key with --key"
  }
}
