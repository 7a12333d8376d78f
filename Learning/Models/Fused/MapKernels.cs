using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace OrleansDDM.Learning.Models.Fused;

/// <summary>Copies, sums and changes of resolution of whole <see cref="FeatureMap"/>s.</summary>
internal static unsafe class MapKernels
{
    private const int Lanes = MapGeometry.Lanes;

    /// <summary>Copies images, (count, channels, H, W), into a map of at most 16 channels.</summary>
    public static void Read(float* images, int count, int channels, FeatureMap map)
    {
        for (int image = 0; image < count; image++)
        {
            for (int channel = 0; channel < channels; channel++)
            {
                for (int y = 0; y < map.Geometry.Height; y++, images += map.Geometry.Width)
                {
                    float* line = map.Line(image, 0, y) + channel;
                    for (int x = 0; x < map.Geometry.Width; x++)
                    {
                        line[x * Lanes] = images[x];
                    }
                }
            }
        }
    }

    /// <summary>Copies a map of at most 16 channels into images, (count, channels, H, W).</summary>
    public static void Write(FeatureMap map, int count, int channels, float* images)
    {
        for (int image = 0; image < count; image++)
        {
            for (int channel = 0; channel < channels; channel++)
            {
                for (int y = 0; y < map.Geometry.Height; y++, images += map.Geometry.Width)
                {
                    float* line = map.Line(image, 0, y) + channel;
                    for (int x = 0; x < map.Geometry.Width; x++)
                    {
                        images[x] = line[x * Lanes];
                    }
                }
            }
        }
    }

    /// <summary>sums += the sum of each channel over the pixels of one image.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AddPixels(FeatureMap map, int image, float* sums)
    {
        for (int plane = 0; plane < map.Planes; plane++)
        {
            // The border adds zeros, so the plane is one long row.
            float* p = map.Plane(image, plane);
            Vector512<float> sum0 = Vector512<float>.Zero;
            Vector512<float> sum1 = Vector512<float>.Zero;
            int i = 0;
            for (; i + 2 * Lanes <= map.Geometry.Plane; i += 2 * Lanes)
            {
                sum0 += Vector512.Load(p + i);
                sum1 += Vector512.Load(p + i + Lanes);
            }

            if (i < map.Geometry.Plane)
            {
                sum0 += Vector512.Load(p + i);
            }

            float* to = sums + plane * Lanes;
            (Vector512.Load(to) + sum0 + sum1).Store(to);
        }
    }

    /// <summary>y += x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add(FeatureMap x, int images, FeatureMap y)
    {
        for (int image = 0; image < images; image++)
        {
            for (int plane = 0; plane < x.Planes; plane++)
            {
                float* p = x.Plane(image, plane);
                float* q = y.Plane(image, plane);
                for (int i = 0; i < x.Geometry.Plane; i += Lanes)
                {
                    (Vector512.Load(q + i) + Vector512.Load(p + i)).Store(q + i);
                }
            }
        }
    }

    /// <summary>y = factor times the sum of the four pixels of x that y's pixel covers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void SumFours(FeatureMap x, int images, float factor, FeatureMap y)
    {
        int line = x.Geometry.Line;
        for (int image = 0; image < images; image++)
        {
            for (int plane = 0; plane < x.Planes; plane++)
            {
                for (int row = 0; row < y.Geometry.Height; row++)
                {
                    float* p = x.Line(image, plane, 2 * row);
                    float* q = y.Line(image, plane, row);
                    for (float* end = q + y.Geometry.Width * Lanes; q < end; p += 2 * Lanes, q += Lanes)
                    {
                        Vector512<float> upper = Vector512.Load(p) + Vector512.Load(p + Lanes);
                        Vector512<float> lower = Vector512.Load(p + line) + Vector512.Load(p + line + Lanes);
                        ((upper + lower) * factor).Store(q);
                    }
                }
            }
        }
    }

    /// <summary>Each of the four pixels of y that a pixel of x covers becomes that pixel.</summary>
    public static void Repeat(FeatureMap x, int images, FeatureMap y) => Spread(x, images, 1, 0, y);

    /// <summary>Each of the four pixels of y that a pixel of x covers gets a quarter of it more.</summary>
    public static void AddQuarters(FeatureMap x, int images, FeatureMap y) => Spread(x, images, 0.25f, 1, y);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Spread(FeatureMap x, int images, float factor, float keep, FeatureMap y)
    {
        Vector512<float> old = Vector512.Create(keep);
        int line = y.Geometry.Line;
        for (int image = 0; image < images; image++)
        {
            for (int plane = 0; plane < x.Planes; plane++)
            {
                for (int row = 0; row < x.Geometry.Height; row++)
                {
                    float* p = x.Line(image, plane, row);
                    float* q = y.Line(image, plane, 2 * row);
                    for (float* end = p + x.Geometry.Width * Lanes; p < end; p += Lanes, q += 2 * Lanes)
                    {
                        Vector512<float> v = Vector512.Load(p) * factor;
                        Vector512.FusedMultiplyAdd(Vector512.Load(q), old, v).Store(q);
                        Vector512.FusedMultiplyAdd(Vector512.Load(q + Lanes), old, v).Store(q + Lanes);
                        Vector512.FusedMultiplyAdd(Vector512.Load(q + line), old, v).Store(q + line);
                        Vector512.FusedMultiplyAdd(Vector512.Load(q + line + Lanes), old, v).Store(q + line + Lanes);
                    }
                }
            }
        }
    }
}
