namespace GpuGrad.Training.Health;

/// <summary>Documentation of a kind of alarm.</summary>
/// <param name="Id">e.g. <c>G001</c>.</param>
/// <param name="Title">Title of a few words.</param>
/// <param name="When">The condition that raises it.</param>
/// <param name="Why">Its meaning and causes.</param>
/// <param name="Help">Remedies, the most promising first.</param>
public sealed record AlarmKind(string Id, string Title, string When, string Why, IReadOnlyList<string> Help);

/// <summary>Lists every alarm that a run can raise; <c>gpugrad explain G001</c> prints one.</summary>
public static class AlarmCatalog
{
    public const string DeadUnits = "G001", SaturatedUnits = "G002", Vanishing = "G003", Exploding = "G004", UpdatesLarge = "G005",
        UpdatesSmall = "G006", LossStuck = "G007", ClippingBinds = "G008", StartLoss = "G009", Symmetric = "G010", SaturatedStart = "G011",
        NonFinite = "G012", SignalAtStart = "G013", GradientAtStart = "G014", NeverPredicted = "G015", MissingClass = "G016", Overfitting = "G017",
        LinearLayers = "G018", VanishingThroughTime = "G019", DeadHeads = "G020";

    public static IReadOnlyList<AlarmKind> All { get; } =
    [
        new(DeadUnits, "dead units",
            "A fifth or more of a ReLU layer's units gave exactly 0 for every sample of at least five watched batches and 1,000 samples. Fewer are usual in networks that learn well: they are a remark in the log and the report, and are counted at the end of the run. So are more, while the loss falls by 5 % per epoch or is below a fifth of a guess's. The alarm is raised again when their number has doubled.",
            "A ReLU passes no gradient where its output is 0. A unit that gives 0 for every sample gets no gradient from any, so nothing can revive it: its weights never change again. "
            + "It mostly happens in one large step, which pushes a unit's bias or weights so far that no input activates it any more. Units that were never alive point to a bad initialisation.",
            ["a lower learning rate, or a warm-up", "leaky-relu, elu or gelu instead of relu: they pass some gradient everywhere", "clip: {norm: 1}, when single steps are much larger than the others", "the default initialiser (He), when units were dead from the start"]),
        new(SaturatedUnits, "saturated units",
            "A fifth or more of a sigmoid or tanh layer's units sat on a flat end of the curve for every sample of at least five watched batches and 1,000 samples. Fewer are a remark, as with G001.",
            "The derivative of a sigmoid is y(1-y), at most 0.25 and nearly 0 where y is near 0 or 1 (tanh: 1-y², near 0 at ±1). Any gradient that arrives there is multiplied by almost nothing. "
            + "The unit's input is far too large in magnitude: because of large initial weights, unscaled inputs, or a step that was too long.",
            ["the default initialiser (Xavier), or a smaller one", "data: {normalize: standard}, if inputs are not near mean 0 and deviation 1", "a lower learning rate", "batchnorm before the activation", "relu or gelu instead of sigmoid"]),
        new(Vanishing, "vanishing gradients",
            "For five watched steps in a row the first layer's gradient (root mean square of its elements) was below 1/10,000 of the largest of any later layer. Embeddings and frozen layers are not compared, nor is a network that has learned.",
            "On the way back the chain rule multiplies one factor a layer. Each sigmoid contributes at most 0.25; twelve of them leave at most 0.25¹² = 6·10⁻⁸ of the signal. The last layers learn, the first ones do not move.",
            ["relu or gelu instead of sigmoid or tanh", "batchnorm or layernorm between layers", "residual: [...] around groups of layers: the sum passes the gradient through unchanged", "fewer layers"]),
        new(Exploding, "exploding gradients",
            "A step's gradient was over 100 times the median of the steps before it and over 10 times that of the first steps; or the first layer's was over 1,000 times that of the last one for three watched steps in a row.",
            "Factors above 1 multiply on the way back just as factors below 1 do. One such step moves the weights so far that what was learned before is lost; the next may be infinite.",
            ["clip: {norm: 1}", "a lower learning rate, or a warm-up", "the default initialiser", "batchnorm or layernorm between layers"]),
        new(UpdatesLarge, "updates too large",
            "A step moved a layer's weights by more than half their own norm, or for three watched steps in a row by more than a fifth of it. A layer that begins near 0 is measured against the norm that such a layer usually has.",
            "A step that follows the gradient is justified only as far as the loss is nearly linear. About a thousandth of the weights' norm is healthy; at a fifth the gradient of five steps ago says nothing about the weights of today.",
            ["the learning rate that the alarm suggests: it would have made this step half a per cent of the weights' norm, up to two in a short run", "a warm-up, if it happens only at the beginning", "clip: {norm: 1}"]),
        new(UpdatesSmall, "updates too small",
            "For five watched steps in a row, at a learning rate near its full value: no step so far was so long that all of the run's steps together could move a layer by a fifth of its norm, and the loss is above 0.6 of a guess's; or a layer moves by less than a millionth of its norm. Frozen layers do not count, nor does a loss that is a fifth of a guess's or less.",
            "Below about 10⁻⁷ an update is lost in the rounding of float32 altogether; at a millionth it takes a million steps to change the layer. Either the learning rate is too low or no gradient reaches the layer.",
            ["the learning rate that the alarm suggests: it makes steps half a per cent to two per cent of the weights' norm", "if other layers move: see G003, vanishing gradients"]),
        new(LossStuck, "loss not falling",
            "The training loss of the last three epochs was not even 1 % below the best one before, and is that of a guess, or higher than it was; or that of an epoch was over 100 times a guess's and 100 times what it had been. A loss that fell and then stopped falling is a remark: it may be as low as these samples allow.",
            "A loss that stays where it began, at ln C for C classes, means that the network gives every class the same probability: no gradient arrives, steps overshoot every valley or are far too short, or the labels have nothing to do with the samples. The alarm names the first of these causes that fits what was measured.",
            ["what the alarms before it say, if there are any", "data: {normalize: standard}, if inputs are far from mean 0 and deviation 1", "the learning rate that the alarm suggests", "less dropout or weight decay, softmax-cross-entropy for classes", "gpugrad data show CONFIG: do samples and labels belong together?"]),
        new(ClippingBinds, "clipping always binds",
            "95 % or more of the last 200 steps of sgd had a gradient norm above clip.norm, and the loss is no better than a guess's. Adam and its relatives divide by the gradient's size, so clipping matters little to them.",
            "Clipping is meant for the rare step that is far too long. If it binds on every step, only the direction of the gradient is used, every step has the length of the threshold, and the learning rate no longer means what it says.",
            ["the threshold that would have bound on 10 % of these steps; the alarm gives it", "no clipping and a lower learning rate"]),
        new(StartLoss, "initial loss far from what it should be",
            "Before the first step the loss over samples drawn at random is more than three times what is expected, and more than 8 above it.",
            "An untrained network should give every class the same probability: a loss of ln C for softmax, margin·(C-1) for the hinge loss. A larger loss means that it is confident and wrong: its last layer begins too large, and the first steps are wasted on undoing that.",
            ["data: {normalize: standard}, if inputs are large", "the default initialiser, or init: {normal: {std: 0.01}} in the last layer"]),
        new(Symmetric, "symmetric initialisation",
            "Two units of a layer begin with the same weights. Zero weights that receive different gradients diverge in the first step and raise no alarm; nor do equal rows of the last layer.",
            "Units with the same weights give the same outputs and get the same gradients: they stay equal for ever, and a layer of a hundred of them is a layer of one. Random weights break the symmetry; biases may all be 0.",
            ["a random initialiser: the default, or init: xavier, init: he"]),
        new(SaturatedStart, "saturated at the start",
            "Before the first step more than half of a sigmoid or tanh layer's outputs are on the flat ends of the curve.",
            "The layer's inputs are too large in magnitude: the weights are too large for the number of inputs (Xavier divides by its root), or the data are not scaled. No gradient gets through, and training does not get started.",
            ["the default initialiser (Xavier)", "data: {normalize: standard}", "batchnorm before the activation"]),
        new(NonFinite, "NaN or infinity",
            "The loss, the norm of the gradients, or a watched figure is NaN or infinite. The run stops with exit code 4.",
            "float32 ends at 3.4·10³⁸; larger numbers become infinite, and ∞-∞, 0·∞, 0/0 and the root or logarithm of a negative number are NaN. One NaN in a weight makes everything computed from it NaN. "
            + "The usual cause is a step that was too long, followed by one that was longer still.",
            ["a lower learning rate, or a warm-up", "clip: {norm: 1}", "gpugrad replay BUNDLE runs the last steps again and names the first such number, on any device", "check the data for values that are not finite"]),
        new(SignalAtStart, "signals grow or shrink through the layers",
            "Before the first step the deviation of a layer's outputs is above 100 times or below 1/100 of the network's input (after an embedding: of its rows). Layers inside a block are skipped, and averages over a window are allowed for.",
            "Each layer multiplies the signal by about √(inputs · variance of its weights), and factors multiply over the depth. He's initialiser keeps the factor at 1 after a relu, Xavier's after tanh.",
            ["the default initialiser", "batchnorm or layernorm"]),
        new(GradientAtStart, "gradients grow or shrink through the layers",
            "Before the first step the norm of the gradient after the first layer is above 1,000 times or below 1/1,000 of that at the output. An average over a window divides it by the root of the window, which is allowed for.",
            "The backward pass multiplies factors too: weights times the derivatives of the activations. This is G003 or G004 before it happens.",
            ["relu or gelu instead of sigmoid or tanh", "the default initialiser", "batchnorm, layernorm or residual"]),
        new(NeverPredicted, "a class is never predicted",
            "At least 20 watched samples of a class went by in a row without the network predicting that class once, and the loss has stopped falling or the run has ended.",
            "The loss is a mean over samples: ignoring a rare class costs little, and a network that can't tell the classes apart always predicts the most frequent one. Accuracy hides it: always saying 'healthy' is right for 96 % if 4 % are ill.",
            ["class-weights in the loss; the alarm lists some", "more samples of the class", "gpugrad eval RUN shows the confusion matrix"]),
        new(MissingClass, "a class without samples",
            "Before the first step: some class has no training sample, or all samples are of one class.",
            "A class without samples can't be learned. Labels that count from 1 leave class 0 empty; a wrong label column makes classes of anything; a small data.limit loses rare classes.",
            ["labels from 0 to C-1", "the right label column", "gpugrad data show CONFIG counts the samples of each class"]),
        new(Overfitting, "overfitting",
            "For three epochs in a row the loss on samples not trained on was over 1.5 times its best and over 3 times the training loss, and accuracy on them 0.1 below.",
            "A network with more capacity than its samples can constrain memorises them, noise included: on other samples it is confident and wrong.",
            ["train: {keep-best: validation-loss}, the weights of the best epoch", "more samples, or data: {augment: ...}", "dropout, weight decay, fewer units"]),
        new(LinearLayers, "no activation between layers",
            "The loss has stopped falling, far from learned, and two layers with weights have only linear layers between them.",
            "A linear function of a linear function is linear: W₂(W₁x) = (W₂W₁)x. However many units such layers have, they can only draw straight lines.",
            ["relu, gelu or tanh between them"]),
        new(VanishingThroughTime, "gradients vanish through time",
            "For five watched steps in a row the gradient that reached the first step of a recurrent layer's walk was below 1/10,000 of the largest of any step, and the loss is no better than a guess's.",
            "On its way back through time the gradient is multiplied at each step by the recurrent weights and the derivative of the activation. Random weights within ±1/√units shrink it to about 0.6 per step: after 60 steps 10⁻¹³ of it is left. Nothing that happened there can be learned. The gates of lstm and gru begin half open and halve it too, until they have learned to keep what matters.",
            ["recurrent-init: orthogonal with clip: {norm: 1}", "lstm or gru, and more epochs", "time-pool or attention instead of the last state", "shorter sequences"]),
        new(DeadHeads, "dead heads",
            "A fifth or more of an attention layer's heads gave less than 1 % of the strongest head's output, and got less than 1 % of the gradient that reaches it, in every one of at least five watched batches and 1,000 samples. Fewer are a remark, and so are more while the network learns or has learned, as with G001.",
            "The gradient of a head's columns of the output projection is proportional to the head's output, and the gradient that reaches its values, keys and queries to those columns. If both are near 0, neither can grow back: "
            + "the head costs time and gives nothing. Mostly weight decay has shrunk both while other heads did the work; heads that never gave anything point to the initialisation.",
            ["less weight decay", "the default initialiser, when they were dead from the start", "a lower learning rate, when one step did it", "fewer heads; the report shows where each of them looks"]),
    ];

    /// <summary>Finds a kind by its id, upper or lower case; null if there is none.</summary>
    public static AlarmKind? Find(string id) => All.FirstOrDefault(k => k.Id.Equals(id, StringComparison.OrdinalIgnoreCase));
}
