/// What the page does beyond reading: sorting, and showing and hiding series. Holds neither `<` nor `&`, so that
/// the page stays well-formed XML.
enum PageScript {
  static let javaScript = """

    document.documentElement.classList.add('js');
    document.querySelectorAll('table.results').forEach(function (table) {
      var body = table.tBodies[0];
      table.querySelectorAll('th button').forEach(function (button) {
        button.addEventListener('click', function () {
          var head = button.parentNode;
          var place = Array.prototype.indexOf.call(head.parentNode.children, head);
          var down = head.getAttribute('aria-sort') === 'ascending';
          head.parentNode.querySelectorAll('th').forEach(function (h) { h.setAttribute('aria-sort', 'none'); });
          head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
          var numeric = head.classList.contains('number');
          function key(row) {
            var cell = row.children[place];
            if (!numeric) { return cell.textContent; }
            return cell.hasAttribute('data-value') ? Number(cell.getAttribute('data-value')) : null;
          }
          Array.from(body.rows).sort(function (a, b) {
            var x = key(a), y = key(b);
            if (x === null || y === null) { return (x === null ? 1 : 0) - (y === null ? 1 : 0); }
            var order = numeric ? x - y : x.localeCompare(y, undefined, { numeric: true });
            return down ? -order : order;
          }).forEach(function (row) { body.appendChild(row); });
        });
      });
    });
    function show(scope, name, visible) {
      scope.querySelectorAll('g.' + name).forEach(function (g) { g.style.display = visible ? '' : 'none'; });
      scope.querySelectorAll('input[data-series=' + name + ']').forEach(function (box) { box.checked = visible; });
    }
    document.querySelectorAll('.legend').forEach(function (legend) {
      var scope = legend.closest('details') || document;
      var boxes = Array.from(legend.querySelectorAll('input'));
      boxes.forEach(function (box) {
        box.addEventListener('change', function () { show(scope, box.dataset.series, box.checked); });
      });
      [['all', true], ['none', false]].forEach(function (choice) {
        var item = document.createElement('li');
        var button = document.createElement('button');
        button.type = 'button';
        button.textContent = choice[0];
        button.addEventListener('click', function () {
          boxes.forEach(function (box) { show(scope, box.dataset.series, choice[1]); });
        });
        item.appendChild(button);
        legend.appendChild(item);
      });
    });

    """
}
