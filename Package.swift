// swift-tools-version: 6.0
import PackageDescription

let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

/// Compiled for x86-64-v3 (AVX2), on PCs since 2013: the numeric kernels are written in vectors.
#if arch(x86_64)
  let vectors: [SwiftSetting] = [.unsafeFlags(["-Xcc", "-march=x86-64-v3"])]
#else
  let vectors: [SwiftSetting] = []
#endif

/// A library target under `Sources/`; `imports` are targets that stand above it in the README's table.
func library(
  _ name: String, imports: [Target.Dependency] = [], exclude: [String] = [], vectorized: Bool = false
) -> Target {
  .target(
    name: name, dependencies: imports, exclude: exclude,
    swiftSettings: vectorized ? strict + vectors : strict)
}

func tests(of name: String, imports: [Target.Dependency] = [], fixtures: Bool = false) -> Target {
  .testTarget(
    name: "\(name)Tests", dependencies: [.byName(name: name)] + imports,
    resources: fixtures ? [.copy("Fixtures")] : [], swiftSettings: strict)
}

let log = Target.Dependency.product(name: "Logging", package: "swift-log")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let protobuf = Target.Dependency.product(name: "SwiftProtobuf", package: "swift-protobuf")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let sqlite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
  name: "strata",
  products: [.executable(name: "strata", targets: ["strata"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    .systemLibrary(name: "CZeroMQ"),
    .systemLibrary(name: "CSQLite"),
    .systemLibrary(name: "CVectors"),
    .target(name: "COneDNN", linkerSettings: [.linkedLibrary("dnnl"), .linkedLibrary("gomp")]),
    library("ZeroMQ", imports: ["CZeroMQ"]),
    library("Tensors", vectorized: true),
    library("OneDNN", imports: ["COneDNN", "Tensors"]),
    library("Networks"),
    library("Datasets", imports: ["Tensors", crypto], vectorized: true),
    library("Training", imports: ["OneDNN", "Networks", "Datasets", "Tensors", crypto], vectorized: true),
    library("LayerAnalysis", imports: ["CVectors", "Tensors"], vectorized: true),
    library(
      "Quantization", imports: ["CVectors", "Training", "LayerAnalysis", "OneDNN", "Networks", "Tensors"],
      vectorized: true),
    library(
      "Benchmarks", imports: ["Training", "Quantization", "Datasets", "OneDNN", "Networks", "Tensors"],
      vectorized: true),
    library(
      "ModelExport", imports: ["Quantization", "Training", "Networks", "Tensors", protobuf],
      exclude: ["onnx.proto"]),
    library("Sweeps", imports: ["Networks", "LayerAnalysis", yams, crypto]),
    library(
      "SweepProtocol", imports: ["Sweeps", "LayerAnalysis", protobuf], exclude: ["strata.proto"]),
    library(
      "ResultStore", imports: ["CSQLite", "Sweeps", "LayerAnalysis", "Networks", grdb, sqlite, crypto]),
    library(
      "Coordinator",
      imports: ["SweepProtocol", "Sweeps", "Networks", "ResultStore", "ZeroMQ", log, crypto]),
    library(
      "Worker",
      imports: [
        "SweepProtocol", "Sweeps", "Networks", "Tensors", "Datasets", "Training", "Quantization",
        "LayerAnalysis", "ZeroMQ", log, crypto,
      ]),
    library("Fleet", imports: ["Worker", "SweepProtocol", "Sweeps", "Networks", "ZeroMQ", log]),
    library("Reporting", imports: ["ResultStore", "Sweeps", "Networks", "LayerAnalysis"]),
    .executableTarget(
      name: "strata",
      dependencies: [
        "Coordinator", "Worker", "Reporting", "ResultStore", "Sweeps", "SweepProtocol", "ModelExport",
        "Quantization", "LayerAnalysis", "Networks", "Datasets", "Training", "Tensors", "Benchmarks",
        "Fleet", "OneDNN", "ZeroMQ", arguments, log,
      ],
      swiftSettings: strict),

    tests(of: "ZeroMQ"),
    tests(of: "Tensors", fixtures: true),
    tests(of: "OneDNN"),
    tests(of: "Networks", fixtures: true),
    tests(of: "Datasets", imports: ["Tensors", crypto], fixtures: true),
    tests(of: "Training", imports: ["Networks", "OneDNN", "Tensors"], fixtures: true),
    tests(of: "LayerAnalysis", fixtures: true),
    tests(
      of: "Quantization", imports: ["Training", "OneDNN", "Networks", "Tensors", "LayerAnalysis"],
      fixtures: true),
    tests(of: "Benchmarks", imports: ["Training", "Networks"]),
    tests(
      of: "ModelExport",
      imports: ["Quantization", "Training", "LayerAnalysis", "Networks", "Tensors", protobuf],
      fixtures: true),
    tests(of: "Sweeps", imports: ["Networks"], fixtures: true),
    tests(
      of: "SweepProtocol",
      imports: ["Sweeps", "LayerAnalysis", "Networks", "Coordinator", "ResultStore", "Reporting", "strata"]),
    tests(of: "ResultStore", imports: ["Sweeps", "Networks", "LayerAnalysis"]),
    .testTarget(
      name: "CoordinationTests",
      dependencies: ["Coordinator", "Worker", "SweepProtocol", "Sweeps", "LayerAnalysis"],
      resources: [.copy("Fixtures")], swiftSettings: strict),
    .testTarget(
      name: "ServiceTests",
      dependencies: [
        "Coordinator", "Worker", "Fleet", "ResultStore", "SweepProtocol", "Sweeps", "LayerAnalysis", "ZeroMQ",
        log,
        crypto,
      ],
      swiftSettings: strict),
    tests(of: "Worker", imports: ["SweepProtocol", "Sweeps", "Networks", "LayerAnalysis"]),
    tests(of: "Reporting", imports: ["ResultStore", "Sweeps", "Networks", "LayerAnalysis"]),
    tests(of: "strata", imports: ["Coordinator", "ResultStore", "Sweeps", "SweepProtocol", "ZeroMQ"]),
  ]
)
