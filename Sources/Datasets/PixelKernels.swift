/// Scales one image: `pixels` and `output` are 3 × plane.
package func scalePlanes(
  _ pixels: UnsafePointer<UInt8>, plane: Int, scaling: PixelScaling, into output: UnsafeMutablePointer<Float>
) {
  for c in 0..<ImageSet.channels {
    let factor = scaling.factor[c]
    let offset = scaling.offset[c]
    let source = pixels + c * plane
    let target = output + c * plane
    for p in 0..<plane { target[p] = Float(source[p]) * factor + offset }
  }
}

/// Elements of the scratch memory `resample` needs for an image: one vector a pixel, and a row and a pixel more
/// that are read with weight 0 at the last row and column.
package func resampleScratchCount(height: Int, width: Int) -> Int { height * width + width + 1 }

/// Scales one image and reads it through `map`, bilinearly, coordinates clamped to the image.
/// - Parameters:
///   - pixels: 3 × height × width.
///   - scratch: `resampleScratchCount` vectors, all finite; the last `width + 1` are not written.
///   - output: 3 × height × width.
package func resample(
  _ pixels: UnsafePointer<UInt8>, height: Int, width: Int, map: AffineMap, scaling: PixelScaling,
  scratch: UnsafeMutablePointer<SIMD4<Float>>, into output: UnsafeMutablePointer<Float>
) {
  let plane = height * width
  for p in 0..<plane {
    let pixel = SIMD4<Float>(
      Float(pixels[p]), Float(pixels[plane + p]), Float(pixels[2 * plane + p]), 0)
    scratch[p] = pixel * scaling.factor + scaling.offset
  }
  let one = 1 << AffineMap.fractionBits
  let unit = 1 / Float(one)
  let right = (width - 1) * one
  let bottom = (height - 1) * one
  var target = output
  for row in 0..<height {
    var x = map.x + row * map.xPerRow
    var y = map.y + row * map.yPerRow
    for _ in 0..<width {
      let sourceX = min(max(x, 0), right)
      let sourceY = min(max(y, 0), bottom)
      let across = SIMD4<Float>(repeating: Float(Int32(truncatingIfNeeded: sourceX & (one - 1))) * unit)
      let down = SIMD4<Float>(repeating: Float(Int32(truncatingIfNeeded: sourceY & (one - 1))) * unit)
      let corner =
        scratch + (sourceY >> AffineMap.fractionBits) * width + (sourceX >> AffineMap.fractionBits)
      let above = corner[0] + (corner[1] - corner[0]) * across
      let below = corner[width] + (corner[width + 1] - corner[width]) * across
      let value = above + (below - above) * down
      target[0] = value[0]
      target[plane] = value[1]
      target[2 * plane] = value[2]
      target += 1
      x += map.xPerColumn
      y += map.yPerColumn
    }
  }
}
