namespace OrleansDDM.Learning.Data;

/// <summary>
/// Draws the built-in <c>shapes</c> data set: twelve classes in four families that differ in layout and contrast, so that clusters exist
/// without labels. Image i depends on (seed, split, i, size, colour) alone. Only IEEE-exact operations are used (no sine, no
/// logarithm), so the bytes are the same on every machine.
/// </summary>
public static class ShapesGenerator
{
    private const int SmallestSize = 8;
    private const int LargestSize = 64;

    /// <summary>The classes: bright solids on dark, dark outlines on light, textures that fill the image, gradients.</summary>
    public static IReadOnlyList<string> ClassNames { get; } =
        ["disc", "square", "triangle", "star", "ring", "frame", "cross", "delta", "stripes", "checker", "ramp", "glow"];

    /// <summary>Draws the first <paramref name="count"/> images of a split.</summary>
    /// <param name="seed">Seed of the data set.</param>
    /// <param name="split"><c>train</c> or <c>test</c>; each has images of its own.</param>
    /// <param name="count">Number of images, at least 1.</param>
    /// <param name="size">Height and width in pixels, 8 to 64.</param>
    /// <param name="colour">Red, green and blue instead of grey.</param>
    /// <exception cref="ArgumentOutOfRangeException">A count or size out of range.</exception>
    public static ImageDataset Create(ulong seed, string split, int count, int size, bool colour)
    {
        ArgumentException.ThrowIfNullOrEmpty(split);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(size, SmallestSize);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(size, LargestSize);
        int channels = colour ? 3 : 1;
        int imageSize = channels * size * size;
        byte[] pixels = new byte[checked(count * imageSize)];
        int[] labels = new int[count];
        ulong role = KeyedHash.Role("shapes/" + split);
        for (int i = 0; i < count; i++)
        {
            var draws = new Draws(seed, role, (ulong)i);
            labels[i] = draws.Integer(ClassNames.Count);
            Draw(labels[i], ref draws, size, channels, pixels.AsSpan(i * imageSize, imageSize));
        }

        return new ImageDataset("shapes", split, channels, size, size, pixels, labels, ClassNames);
    }

    private static void Draw(int kind, ref Draws draws, int size, int channels, Span<byte> image)
    {
        bool fills = kind >= 8;
        double radius = draws.Between(0.46, 0.74);
        double reach = fills ? 0.5 : 0.92 - radius;
        double centreX = draws.Between(-reach, reach);
        double centreY = draws.Between(-reach, reach);
        (double cos, double sin) = draws.Rotation();
        double detail = draws.Uniform();
        (double low, double high) = kind switch
        {
            < 4 => (draws.Between(0.00, 0.10), draws.Between(0.80, 1.00)),
            < 8 => (draws.Between(0.86, 1.00), draws.Between(0.02, 0.22)),
            < 10 => (draws.Between(0.10, 0.24), draws.Between(0.70, 0.90)),
            _ => (draws.Between(0.02, 0.16), draws.Between(0.80, 1.00)),
        };
        Span<double> back = stackalloc double[3];
        Span<double> front = stackalloc double[3];
        Tint(kind, low, high, ref draws, channels, back, front);

        double pixel = 2.0 / size;
        int plane = size * size;
        for (int y = 0; y < size; y++)
        {
            for (int x = 0; x < size; x++)
            {
                double dx = ((x + 0.5) * pixel) - 1 - centreX;
                double dy = ((y + 0.5) * pixel) - 1 - centreY;
                double u = (cos * dx) + (sin * dy);
                double v = (cos * dy) - (sin * dx);
                double cover = ShapeCoverage.At(kind, u, v, radius, detail, pixel);
                for (int c = 0; c < channels; c++)
                {
                    double value = back[c] + (cover * (front[c] - back[c]));
                    image[(c * plane) + (y * size) + x] = (byte)Math.Clamp((value * 255) + 0.5, 0, 255);
                }
            }
        }
    }

    private static void Tint(int kind, double low, double high, ref Draws draws, int channels, Span<double> back, Span<double> front)
    {
        double hue = (kind / (double)ClassNames.Count) + draws.Between(-0.04, 0.04) + 1;
        double backHue = hue + draws.Between(0.3, 0.7);
        for (int c = 0; c < channels; c++)
        {
            front[c] = channels == 1 ? high : Shade(hue, 0.75, high, c);
            back[c] = channels == 1 ? low : Shade(backHue, 0.25, low, c);
        }
    }

    // The hexagonal hue wheel of HSV: channel c falls off linearly with the distance of the hue from the channel's own.
    private static double Shade(double hue, double saturation, double value, int channel)
    {
        double turn = hue + ((3 - channel) / 3.0);
        double distance = Math.Abs(turn - Math.Floor(turn) - 0.5) * 6;
        return value * (1 - (saturation * (1 - Math.Clamp(distance - 1, 0, 1))));
    }

    /// <summary>The stream of draws of one image.</summary>
    private struct Draws(ulong seed, ulong role, ulong index)
    {
        private ulong _next;

        public double Uniform() => KeyedHash.Uniform(seed, role, index, _next++);

        public double Between(double low, double high) => low + ((high - low) * Uniform());

        public int Integer(int count) => (int)(Uniform() * count);

        /// <summary>A rotation by the rational parametrisation of the circle in a random quadrant: nearly uniform, no sine needed.</summary>
        public (double Cos, double Sin) Rotation()
        {
            double t = Between(-0.41421356, 0.41421356);
            double cos = (1 - (t * t)) / (1 + (t * t));
            double sin = 2 * t / (1 + (t * t));
            return Integer(4) switch
            {
                0 => (cos, sin),
                1 => (-sin, cos),
                2 => (-cos, -sin),
                _ => (sin, -cos),
            };
        }
    }
}
