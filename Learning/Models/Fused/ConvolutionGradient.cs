using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace OrleansDDM.Learning.Models.Fused;

/// <summary>
/// Gradient of a convolution's weights: for each tap the sum over all pixels of (source channel) x (result channel). A block of the gradient
/// stays in vector registers while the pixels of some lines run, which are so few that they stay in the nearest cache.
/// </summary>
internal static unsafe class ConvolutionGradient
{
    private const int Lanes = MapGeometry.Lanes;
    private const int BandPixels = 200;

    /// <summary>Adds the gradient, where sources and results are multiples of 16.</summary>
    /// <param name="order">Order of the gradient.</param>
    /// <param name="source">What the taps shift.</param>
    /// <param name="result">What they do not shift.</param>
    /// <param name="images">Number of images.</param>
    /// <param name="gradient">Gradient of this convolution's weights.</param>
    public static void Add(ConvolutionWeights order, FeatureMap source, FeatureMap result, int images, float* gradient)
    {
        MapGeometry geometry = source.Geometry;
        int band = Math.Max(1, BandPixels / geometry.Width);
        for (int image = 0; image < images; image++)
        {
            for (int top = 0; top < geometry.Height; top += band)
            {
                int lines = Math.Min(band, geometry.Height - top);
                for (int plane = 0; plane < order.ResultPlanes; plane += 2)
                {
                    float* d = result.Line(image, plane, top);
                    for (int inner = 0; inner < order.SourcePlanes; inner++)
                    {
                        for (int tap = 0; tap < order.Taps; tap++)
                        {
                            int shift = order.Taps == 1 ? geometry.Centre : geometry.Neighbours[tap];
                            float* x = source.Plane(image, inner) + top * geometry.Line + shift;
                            float* g = gradient + order.Offset(plane, inner, tap);
                            if (order.GroupPlanes(plane) == 2)
                            {
                                Block8x2(x, d, geometry, lines, g);
                                Block8x2(x + 8, d, geometry, lines, g + 8 * 2 * Lanes);
                            }
                            else
                            {
                                Block16x1(x, d, geometry, lines, g);
                            }
                        }
                    }
                }
            }
        }
    }

    /// <summary>
    /// Adds the gradient, where there are less than 16 sources. Their pixels stay in place and the results' are shifted instead, the other way
    /// round, which the border of zeros allows.
    /// </summary>
    /// <inheritdoc cref="Add"/>
    public static void AddFew(ConvolutionWeights order, FeatureMap source, FeatureMap result, int images, float* gradient)
    {
        for (int image = 0; image < images; image++)
        {
            for (int plane = 0; plane < order.ResultPlanes; plane++)
            {
                int width = order.GroupPlanes(plane / 2 * 2) * Lanes;
                float* g = gradient + order.Offset(plane / 2 * 2, 0, 0) + plane % 2 * Lanes;
                for (int channel = 0; channel < order.Inner; channel++)
                {
                    Taps9(source.Line(image, 0, 0) + channel, result.Plane(image, plane), source.Geometry, g + channel * width, order.Inner * width);
                }
            }
        }
    }

    // 8 sources x 32 results.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Block8x2(float* x, float* d, MapGeometry geometry, int lines, float* g)
    {
        Vector512<float> a0 = Vector512.Load(g);
        Vector512<float> b0 = Vector512.Load(g + 16);
        Vector512<float> a1 = Vector512.Load(g + 32);
        Vector512<float> b1 = Vector512.Load(g + 48);
        Vector512<float> a2 = Vector512.Load(g + 64);
        Vector512<float> b2 = Vector512.Load(g + 80);
        Vector512<float> a3 = Vector512.Load(g + 96);
        Vector512<float> b3 = Vector512.Load(g + 112);
        Vector512<float> a4 = Vector512.Load(g + 128);
        Vector512<float> b4 = Vector512.Load(g + 144);
        Vector512<float> a5 = Vector512.Load(g + 160);
        Vector512<float> b5 = Vector512.Load(g + 176);
        Vector512<float> a6 = Vector512.Load(g + 192);
        Vector512<float> b6 = Vector512.Load(g + 208);
        Vector512<float> a7 = Vector512.Load(g + 224);
        Vector512<float> b7 = Vector512.Load(g + 240);
        int line = geometry.Line;
        int width = geometry.Width * Lanes;
        int plane = geometry.Plane;
        for (int y = 0; y < lines; y++, x += line, d += line)
        {
            float* p = x;
            for (float* q = d, end = d + width; q < end; p += Lanes, q += Lanes)
            {
                Vector512<float> d0 = Vector512.Load(q);
                Vector512<float> d1 = Vector512.Load(q + plane);
                Vector512<float> v = Vector512.Create(p[0]);
                a0 = Vector512.FusedMultiplyAdd(v, d0, a0);
                b0 = Vector512.FusedMultiplyAdd(v, d1, b0);
                v = Vector512.Create(p[1]);
                a1 = Vector512.FusedMultiplyAdd(v, d0, a1);
                b1 = Vector512.FusedMultiplyAdd(v, d1, b1);
                v = Vector512.Create(p[2]);
                a2 = Vector512.FusedMultiplyAdd(v, d0, a2);
                b2 = Vector512.FusedMultiplyAdd(v, d1, b2);
                v = Vector512.Create(p[3]);
                a3 = Vector512.FusedMultiplyAdd(v, d0, a3);
                b3 = Vector512.FusedMultiplyAdd(v, d1, b3);
                v = Vector512.Create(p[4]);
                a4 = Vector512.FusedMultiplyAdd(v, d0, a4);
                b4 = Vector512.FusedMultiplyAdd(v, d1, b4);
                v = Vector512.Create(p[5]);
                a5 = Vector512.FusedMultiplyAdd(v, d0, a5);
                b5 = Vector512.FusedMultiplyAdd(v, d1, b5);
                v = Vector512.Create(p[6]);
                a6 = Vector512.FusedMultiplyAdd(v, d0, a6);
                b6 = Vector512.FusedMultiplyAdd(v, d1, b6);
                v = Vector512.Create(p[7]);
                a7 = Vector512.FusedMultiplyAdd(v, d0, a7);
                b7 = Vector512.FusedMultiplyAdd(v, d1, b7);
            }
        }

        a0.Store(g);
        b0.Store(g + 16);
        a1.Store(g + 32);
        b1.Store(g + 48);
        a2.Store(g + 64);
        b2.Store(g + 80);
        a3.Store(g + 96);
        b3.Store(g + 112);
        a4.Store(g + 128);
        b4.Store(g + 144);
        a5.Store(g + 160);
        b5.Store(g + 176);
        a6.Store(g + 192);
        b6.Store(g + 208);
        a7.Store(g + 224);
        b7.Store(g + 240);
    }

    // 16 sources x 16 results.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Block16x1(float* x, float* d, MapGeometry geometry, int lines, float* g)
    {
        Vector512<float> a0 = Vector512.Load(g);
        Vector512<float> a1 = Vector512.Load(g + 16);
        Vector512<float> a2 = Vector512.Load(g + 32);
        Vector512<float> a3 = Vector512.Load(g + 48);
        Vector512<float> a4 = Vector512.Load(g + 64);
        Vector512<float> a5 = Vector512.Load(g + 80);
        Vector512<float> a6 = Vector512.Load(g + 96);
        Vector512<float> a7 = Vector512.Load(g + 112);
        Vector512<float> a8 = Vector512.Load(g + 128);
        Vector512<float> a9 = Vector512.Load(g + 144);
        Vector512<float> aA = Vector512.Load(g + 160);
        Vector512<float> aB = Vector512.Load(g + 176);
        Vector512<float> aC = Vector512.Load(g + 192);
        Vector512<float> aD = Vector512.Load(g + 208);
        Vector512<float> aE = Vector512.Load(g + 224);
        Vector512<float> aF = Vector512.Load(g + 240);
        int line = geometry.Line;
        int width = geometry.Width * Lanes;
        for (int y = 0; y < lines; y++, x += line, d += line)
        {
            float* p = x;
            for (float* q = d, end = d + width; q < end; p += Lanes, q += Lanes)
            {
                Vector512<float> d0 = Vector512.Load(q);
                a0 = Vector512.FusedMultiplyAdd(Vector512.Create(p[0]), d0, a0);
                a1 = Vector512.FusedMultiplyAdd(Vector512.Create(p[1]), d0, a1);
                a2 = Vector512.FusedMultiplyAdd(Vector512.Create(p[2]), d0, a2);
                a3 = Vector512.FusedMultiplyAdd(Vector512.Create(p[3]), d0, a3);
                a4 = Vector512.FusedMultiplyAdd(Vector512.Create(p[4]), d0, a4);
                a5 = Vector512.FusedMultiplyAdd(Vector512.Create(p[5]), d0, a5);
                a6 = Vector512.FusedMultiplyAdd(Vector512.Create(p[6]), d0, a6);
                a7 = Vector512.FusedMultiplyAdd(Vector512.Create(p[7]), d0, a7);
                a8 = Vector512.FusedMultiplyAdd(Vector512.Create(p[8]), d0, a8);
                a9 = Vector512.FusedMultiplyAdd(Vector512.Create(p[9]), d0, a9);
                aA = Vector512.FusedMultiplyAdd(Vector512.Create(p[10]), d0, aA);
                aB = Vector512.FusedMultiplyAdd(Vector512.Create(p[11]), d0, aB);
                aC = Vector512.FusedMultiplyAdd(Vector512.Create(p[12]), d0, aC);
                aD = Vector512.FusedMultiplyAdd(Vector512.Create(p[13]), d0, aD);
                aE = Vector512.FusedMultiplyAdd(Vector512.Create(p[14]), d0, aE);
                aF = Vector512.FusedMultiplyAdd(Vector512.Create(p[15]), d0, aF);
            }
        }

        a0.Store(g);
        a1.Store(g + 16);
        a2.Store(g + 32);
        a3.Store(g + 48);
        a4.Store(g + 64);
        a5.Store(g + 80);
        a6.Store(g + 96);
        a7.Store(g + 112);
        a8.Store(g + 128);
        a9.Store(g + 144);
        aA.Store(g + 160);
        aB.Store(g + 176);
        aC.Store(g + 192);
        aD.Store(g + 208);
        aE.Store(g + 224);
        aF.Store(g + 240);
    }

    // 1 source x 16 results x 9 taps, the last one first, as the shift is the other way round.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Taps9(float* x, float* d, MapGeometry geometry, float* g, int tap)
    {
        Vector512<float> t0 = Vector512.Load(g + 8 * tap);
        Vector512<float> t1 = Vector512.Load(g + 7 * tap);
        Vector512<float> t2 = Vector512.Load(g + 6 * tap);
        Vector512<float> t3 = Vector512.Load(g + 5 * tap);
        Vector512<float> t4 = Vector512.Load(g + 4 * tap);
        Vector512<float> t5 = Vector512.Load(g + 3 * tap);
        Vector512<float> t6 = Vector512.Load(g + 2 * tap);
        Vector512<float> t7 = Vector512.Load(g + tap);
        Vector512<float> t8 = Vector512.Load(g);
        int line = geometry.Line;
        for (int y = 0; y < geometry.Height; y++, x += line, d += line)
        {
            float* p = x;
            for (float* q = d, end = d + geometry.Width * Lanes; q < end; p += Lanes, q += Lanes)
            {
                Vector512<float> v = Vector512.Create(*p);
                t0 = Vector512.FusedMultiplyAdd(v, Vector512.Load(q), t0);
                t1 = Vector512.FusedMultiplyAdd(v, Vector512.Load(q + 16), t1);
                t2 = Vector512.FusedMultiplyAdd(v, Vector512.Load(q + 32), t2);
                t3 = Vector512.FusedMultiplyAdd(v, Vector512.Load(q + line), t3);
                t4 = Vector512.FusedMultiplyAdd(v, Vector512.Load(q + line + 16), t4);
                t5 = Vector512.FusedMultiplyAdd(v, Vector512.Load(q + line + 32), t5);
                t6 = Vector512.FusedMultiplyAdd(v, Vector512.Load(q + 2 * line), t6);
                t7 = Vector512.FusedMultiplyAdd(v, Vector512.Load(q + 2 * line + 16), t7);
                t8 = Vector512.FusedMultiplyAdd(v, Vector512.Load(q + 2 * line + 32), t8);
            }
        }

        t0.Store(g + 8 * tap);
        t1.Store(g + 7 * tap);
        t2.Store(g + 6 * tap);
        t3.Store(g + 5 * tap);
        t4.Store(g + 4 * tap);
        t5.Store(g + 3 * tap);
        t6.Store(g + 2 * tap);
        t7.Store(g + tap);
        t8.Store(g);
    }
}
