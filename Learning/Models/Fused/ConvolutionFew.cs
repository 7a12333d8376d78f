using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace OrleansDDM.Learning.Models.Fused;

/// <summary>
/// A 3x3 convolution to less than 16 channels, like that from the last level to the image. A vector of results would be mostly empty, so the
/// vectors run along the sources, and their lanes are summed at the end.
/// </summary>
internal static unsafe class ConvolutionFew
{
    private const int Lanes = MapGeometry.Lanes;

    /// <summary>y = start + W * x.</summary>
    /// <param name="order">The order of the weights that lead back from results to sources, and so has vectors along the sources.</param>
    /// <param name="weights">The weights in that order.</param>
    /// <param name="x">(images, sources, H, W).</param>
    /// <param name="images">Number of images.</param>
    /// <param name="start">(results).</param>
    /// <param name="y">(images, results, H, W).</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Compute(ConvolutionWeights order, float* weights, FeatureMap x, int images, float* start, FeatureMap y)
    {
        MapGeometry geometry = x.Geometry;
        for (int image = 0; image < images; image++)
        {
            for (int channel = 0; channel < order.Inner; channel++)
            {
                for (int row = 0; row < geometry.Height; row++)
                {
                    float* p = x.Plane(image, 0) + row * geometry.Line;
                    float* q = y.Line(image, 0, row) + channel;
                    for (float* end = q + geometry.Width * Lanes; q < end; p += Lanes, q += Lanes)
                    {
                        Vector512<float> sum = Vector512<float>.Zero;
                        for (int plane = 0; plane < x.Planes; plane++)
                        {
                            int width = order.GroupPlanes(plane / 2 * 2) * Lanes;
                            float* w = weights + order.Offset(plane / 2 * 2, 0, 0) + plane % 2 * Lanes + channel * width;
                            sum += Taps9(p + (long)plane * geometry.Plane, geometry.Line, w, order.Inner * width);
                        }

                        *q = start[channel] + RowKernels.Sum(sum);
                    }
                }
            }
        }
    }

    // The weights are mirrored: the last one belongs to the first tap. Three sums, so that the next need not wait for the last.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Taps9(float* x, int line, float* w, int tap)
    {
        Vector512<float> upper = Vector512.Load(x) * Vector512.Load(w + 8 * tap);
        Vector512<float> middle = Vector512.Load(x + line) * Vector512.Load(w + 5 * tap);
        Vector512<float> lower = Vector512.Load(x + 2 * line) * Vector512.Load(w + 2 * tap);
        upper = Vector512.FusedMultiplyAdd(Vector512.Load(x + Lanes), Vector512.Load(w + 7 * tap), upper);
        middle = Vector512.FusedMultiplyAdd(Vector512.Load(x + line + Lanes), Vector512.Load(w + 4 * tap), middle);
        lower = Vector512.FusedMultiplyAdd(Vector512.Load(x + 2 * line + Lanes), Vector512.Load(w + tap), lower);
        upper = Vector512.FusedMultiplyAdd(Vector512.Load(x + 2 * Lanes), Vector512.Load(w + 6 * tap), upper);
        middle = Vector512.FusedMultiplyAdd(Vector512.Load(x + line + 2 * Lanes), Vector512.Load(w + 3 * tap), middle);
        lower = Vector512.FusedMultiplyAdd(Vector512.Load(x + 2 * line + 2 * Lanes), Vector512.Load(w), lower);
        return upper + middle + lower;
    }
}
