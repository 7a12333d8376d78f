namespace OrleansDDM.Learning.Data;

/// <summary>How much of a pixel each shape covers, from the signed distance to its edge: edges are anti-aliased over one pixel.</summary>
internal static class ShapeCoverage
{
    private const double Sqrt3Half = 0.8660254037844386;

    /// <summary>Coverage in [0, 1] at a point of the shape's own frame.</summary>
    /// <param name="kind">Index into <see cref="ShapesGenerator.ClassNames"/>.</param>
    /// <param name="u">First coordinate; the image is about 2 wide.</param>
    /// <param name="v">Second coordinate.</param>
    /// <param name="radius">Half the width of the shape.</param>
    /// <param name="detail">Free parameter in (0, 1): stroke, period, softness.</param>
    /// <param name="pixel">Width of a pixel.</param>
    public static double At(int kind, double u, double v, double radius, double detail, double pixel)
    {
        double stroke = 0.10 + (0.05 * detail);
        double period = 0.62 + (0.30 * detail);
        return kind switch
        {
            0 => Edge(Length(u, v) - radius, pixel),
            1 => Edge(Box(u, v, 0.85 * radius, 0.85 * radius), pixel),
            2 => Edge(Triangle(u, v, radius), pixel),
            3 => Edge(Math.Min(Triangle(u, v, radius), Triangle(u, -v, radius)), pixel),
            4 => Edge(Math.Abs(Length(u, v) - radius) - stroke, pixel),
            5 => Edge(Math.Abs(Box(u, v, 0.85 * radius, 0.85 * radius)) - stroke, pixel),
            6 => Edge(Math.Min(Box(u, v, radius, stroke), Box(u, v, stroke, radius)), pixel),
            7 => Edge(Math.Abs(Triangle(u, v, radius)) - stroke, pixel),
            8 => Stripe(u, period, pixel),
            9 => Checker(Stripe(u, period, pixel), Stripe(v, period, pixel)),
            10 => Math.Clamp(0.5 + (u / (1.6 + (0.8 * detail))), 0, 1),
            _ => Glow(Length(u, v) / (0.9 + (0.5 * detail))),
        };
    }

    private static double Edge(double distance, double pixel) => Math.Clamp(0.5 - (distance / pixel), 0, 1);

    private static double Length(double u, double v) => Math.Sqrt((u * u) + (v * v));

    private static double Box(double u, double v, double halfWidth, double halfHeight)
    {
        double du = Math.Abs(u) - halfWidth;
        double dv = Math.Abs(v) - halfHeight;
        return Length(Math.Max(du, 0), Math.Max(dv, 0)) + Math.Min(Math.Max(du, dv), 0);
    }

    // Three half-planes: exact inside and along the edges, which is all that a one-pixel edge needs.
    private static double Triangle(double u, double v, double radius)
    {
        double slanted = (Sqrt3Half * Math.Abs(u)) - (0.5 * v);
        return Math.Max(slanted, v) - (0.5 * radius);
    }

    private static double Stripe(double u, double period, double pixel)
    {
        double phase = u / period;
        double fromCrest = Math.Abs(phase - Math.Floor(phase) - 0.5) * period;
        return Edge(fromCrest - (0.25 * period), pixel);
    }

    private static double Checker(double a, double b) => a + b - (2 * a * b);

    private static double Glow(double r) => r >= 1 ? 0 : (1 - (r * r)) * (1 - (r * r));
}
