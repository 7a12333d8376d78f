using OrleansDDM.Learning.Diffusion;
using OrleansDDM.Learning.Sampling;
using OrleansDDM.Specs;

using Xunit;

namespace OrleansDDM.Tests.Learning.Sampling;

public class SchedulerTests
{
    private static readonly double[] Start = [-1.2, .1, .8, 2.2];

    public static TheoryData<string> Deterministic => ["euler", "heun", "ddim", "dpmpp-2m"];

    public static TheoryData<string, string> DeterministicOnSchedules
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (string id in Deterministic)
            {
                foreach (string schedule in new[] { "flow", "vp-cosine", "edm" })
                {
                    data.Add(id, schedule);
                }
            }

            return data;
        }
    }

    [Theory]
    [InlineData("vp-cosine")]
    [InlineData("flow")]
    [InlineData("edm")]
    public void Ddim_with_eta_1_is_the_ddpm_posterior(string schedule)
    {
        // I1: q(x_t | x_s, x0) from Bayes' rule on x_t | x0 ~ N(a_t x0, s_t^2) and x_s | x_t ~ N(r x_t, s_s^2 - r^2 s_t^2), r = a_s / a_t.
        INoiseSchedule path = NoiseSchedules.Parse(schedule);
        (Level s, Level t) = (path.At(.7), path.At(.4));
        double[] x0 = [.3, -.5, 1, 0];
        double r = s.Alpha / t.Alpha;
        double conditional = (s.Sigma * s.Sigma) - (r * r * t.Sigma * t.Sigma);
        double precision = (1 / (t.Sigma * t.Sigma)) + (r * r / conditional);
        double[] z = new double[1];
        double[] expected = new double[4];
        for (int b = 0; b < 4; b++)
        {
            CounterRandom.Normal<double>(z, 3, RandomRoles.StepNoise + "/x", (ulong)b, 0);
            double mean = ((t.Alpha * x0[b] / (t.Sigma * t.Sigma)) + (r * Start[b] / conditional)) / precision;
            expected[b] = mean + (z[0] / Math.Sqrt(precision));
        }

        (double[] x, _) = QuantileMap.Run(Create("ddim", 1), Start, [s, t], (_, _) => State<double>.Of([4, 1], x0));
        AssertClose(expected, x, 1e-12);
    }

    [Fact]
    public void Ddim_with_any_eta_keeps_the_marginal_variance()
    {
        // For data N(0, 1) on a VP path x0 = a x, and x stays N(0, 1) at eta 1 and 0 alike, to the order of the step.
        var data = new GaussianMixture([1], [[0]], [1]);
        double[] start = new double[3000];
        CounterRandom.Normal<double>(start, 8, "test", 0, 0);
        foreach (double eta in new[] { 0, .5, 1 })
        {
            (double[] x, _) = QuantileMap.Run(Create("ddim", eta), start, QuantileMap.Grid(60), (y, l) => QuantileMap.X0(data, y, l));
            Assert.InRange(x.Average(v => v * v) / start.Average(v => v * v), .92, 1.08);
        }
    }

    [Fact]
    public void Euler_on_the_flow_path_is_a_step_along_the_velocity()
    {
        // I2: x - dt u, u = (x - x0) / t.
        Level[] grid = TimeGrids.Build("linear", 7, NoiseSchedules.Flow);
        double[] x = [.. Start];
        for (int i = 0; i < 7; i++)
        {
            double[] x0 = QuantileMap.X0(State<double>.Of([4, 1], x), grid[i])["x"].Values;
            x = [.. x.Zip(x0, (a, b) => a - ((grid[i].Time - grid[i + 1].Time) * (a - b) / grid[i].Time))];
        }

        AssertClose(x, QuantileMap.Run(Create("euler"), Start, grid, QuantileMap.X0).X, 1e-13);
        AssertClose(x, QuantileMap.Run(Create("ddim"), Start, grid, QuantileMap.X0).X, 1e-13);
    }

    [Fact]
    public void Euler_is_a_step_in_the_sigma_of_the_exploding_path()
    {
        // I3, on the variance-preserving path: y = x / a, dy = eps d(s / a).
        Level[] grid = QuantileMap.Grid(9);
        double[] x = [.. Start];
        for (int i = 0; i < 9; i++)
        {
            (Level s, Level t) = (grid[i], grid[i + 1]);
            double[] x0 = QuantileMap.X0(State<double>.Of([4, 1], x), s)["x"].Values;
            x = [.. x.Zip(x0, (a, b) => t.Alpha * ((a / s.Alpha) + (((t.Sigma / t.Alpha) - (s.Sigma / s.Alpha)) * (a - (s.Alpha * b)) / s.Sigma)))];
        }

        AssertClose(x, QuantileMap.Run(Create("euler"), Start, grid, QuantileMap.X0).X, 1e-13);
    }

    [Fact]
    public void Heun_is_the_trapezoid_of_edm()
    {
        Level[] grid = TimeGrids.Build("karras", 6, NoiseSchedules.Edm);
        double[] x = [.. Start.Select(v => 80 * v)];
        double[] start = [.. x];
        for (int i = 0; i < 6; i++)
        {
            (Level s, Level t) = (grid[i], grid[i + 1]);
            double[] x0 = QuantileMap.X0(State<double>.Of([4, 1], x), s)["x"].Values;
            double[] d = [.. x.Zip(x0, (a, b) => (a - b) / s.Sigma)];
            double[] euler = [.. x.Zip(d, (a, b) => a + ((t.Sigma - s.Sigma) * b))];
            if (t.Sigma == 0)
            {
                x = euler;
                break;
            }

            double[] next = QuantileMap.X0(State<double>.Of([4, 1], euler), t)["x"].Values;
            x = [.. x.Select((a, j) => a + ((t.Sigma - s.Sigma) * 0.5 * (d[j] + ((euler[j] - next[j]) / t.Sigma))))];
        }

        AssertClose(x, QuantileMap.Run(Create("heun"), start, grid, QuantileMap.X0).X, 1e-10);
    }

    [Theory]
    [MemberData(nameof(DeterministicOnSchedules))]
    public void Point_mass_is_reached_exactly_in_any_number_of_steps(string id, string schedule)
    {
        // I5.
        var data = new GaussianMixture([1], [[.7]], [0]);
        foreach (int n in new[] { 1, 2, 3, 10 })
        {
            Level[] grid = TimeGrids.Build("linear", n, NoiseSchedules.Parse(schedule));
            AssertClose([.7, .7, .7, .7], QuantileMap.Run(Create(id), Start, grid, (x, l) => QuantileMap.X0(data, x, l)).X, 1e-12);
        }
    }

    [Theory]
    [MemberData(nameof(Deterministic))]
    public void Gaussian_data_follow_the_closed_form(string id)
    {
        // I6: x_t = a_t mu + sqrt((a_t^2 sd^2 + s_t^2) / (a_s^2 sd^2 + s_s^2)) (x_s - a_s mu).
        var data = new GaussianMixture([1], [[.7]], [.4]);
        Level[] grid = QuantileMap.Grid(2000);
        (Level s, Level t) = (grid[0], grid[^1]);
        double ratio = Math.Sqrt(((t.Alpha * t.Alpha * .16) + (t.Sigma * t.Sigma)) / ((s.Alpha * s.Alpha * .16) + (s.Sigma * s.Sigma)));
        double[] expected = [.. Start.Select(x => (t.Alpha * .7) + (ratio * (x - (s.Alpha * .7))))];
        AssertClose(expected, QuantileMap.Run(Create(id), Start, grid, (x, l) => QuantileMap.X0(data, x, l)).X, id is "euler" or "ddim" ? 2e-3 : 2e-6);
    }

    [Theory]
    [InlineData("euler", 5, 5)]
    [InlineData("ddim", 5, 5)]
    [InlineData("dpmpp-2m", 5, 5)]
    [InlineData("heun", 5, 9)]
    [InlineData("heun", 1, 1)]
    [InlineData("euler", 1, 1)]
    [InlineData("dpmpp-2m", 1, 1)]
    [InlineData("dpmpp-2m", 2, 2)]
    [InlineData("heun", 2, 3)]
    public void Number_of_evaluations_is_the_documented_one(string id, int steps, int evaluations)
    {
        foreach (string grid in new[] { "linear", "log-snr", "karras", "flow-shift" })
        {
            foreach (string schedule in new[] { "flow", "vp-cosine", "edm" })
            {
                (double[] x, int nfe) = QuantileMap.Run(Create(id), Start, TimeGrids.Build(grid, steps, NoiseSchedules.Parse(schedule), 3), QuantileMap.X0);
                Assert.Equal(evaluations, nfe);
                Assert.All(x, v => Assert.True(double.IsFinite(v)));
            }
        }
    }

    [Fact]
    public void One_step_gives_the_prediction_itself()
    {
        foreach (string id in Deterministic)
        {
            Level[] grid = TimeGrids.Build("linear", 1, NoiseSchedules.Flow);
            AssertClose([.5, .5, .5, .5], QuantileMap.Run(Create(id), Start, grid, (x, _) => x.Map(a => a with { Values = [.5, .5, .5, .5] })).X, 0);
        }
    }

    [Fact]
    public void Bad_grids_and_states_are_refused()
    {
        IScheduler<double> euler = Create("euler");
        State<double> x = State<double>.Of([4, 1], Start);
        Level[] grid = TimeGrids.Build("linear", 2, NoiseSchedules.Flow);
        Assert.Throws<ArgumentException>(() => euler.Begin(x, [grid[0]], 0, [0, 1, 2, 3]));
        Assert.Throws<ArgumentException>(() => euler.Begin(x, [grid[1], grid[0]], 0, [0, 1, 2, 3]));
        Assert.Throws<ArgumentException>(() => euler.Begin(x, [grid[0], grid[0]], 0, [0, 1, 2, 3]));
        Assert.Throws<ArgumentException>(() => euler.Begin(x, [new Level(1, double.NaN, 1), grid[2]], 0, [0, 1, 2, 3]));
        Assert.Throws<ArgumentException>(() => euler.Begin(x, grid, 0, [0, 1]));
        SolverState<double> state = euler.Begin(x, grid, 0, [0, 1, 2, 3]);
        Assert.Throws<ArgumentException>(() => Create("heun").Next(state));
        Assert.Throws<ArgumentException>(() => euler.Advance(state, State<double>.Of([2, 1], [0, 0])));
        SolverState<double> done = euler.Advance(euler.Advance(state, x), x);
        Assert.IsType<DoneRequest<double>>(euler.Next(done));
        Assert.Throws<InvalidOperationException>(() => euler.Advance(done, x));
        Assert.Throws<SpecException>(() => Create("lms"));
    }

    private static IScheduler<double> Create(string id, double eta = 0) =>
        Schedulers.Create<double>(new SamplingSpec { Scheduler = id, Eta = eta });

    private static void AssertClose(double[] expected, double[] actual, double tolerance) =>
        Assert.All(expected.Zip(actual), p => Assert.InRange(Math.Abs(p.First - p.Second), 0, tolerance));
}
